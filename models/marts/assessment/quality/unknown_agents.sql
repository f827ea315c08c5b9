{{ config(materialized='view') }}

select
    school_year,
    agent,
    records,
    nearest_agent
from {{ ref('int_unknown_agents') }}

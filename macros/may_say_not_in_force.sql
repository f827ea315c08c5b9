{#-
    Whether the words of a header may say that a row is not in force (seeds/quality/in_force_headers.csv has all of them). A plain
    dbt build does not look into such a column: the reader does.
-#}
{% macro may_say_not_in_force(header) -%}
    {%- set letters = header | lower | replace('_', '') | replace(' ', '') | replace('-', '') -%}
    {%- set stems = [
        'status', 'statut', 'etat', 'state', 'disposition', 'outcome', 'completion', 'rxa', 'delet', 'delflag', 'delflg',
        'delind', 'delyn', 'isdel', 'void', 'cancel', 'revo', 'rescin', 'rescis', 'retract', 'nullif', 'invalidated',
        'refus', 'declin', 'skipped', 'inerror', 'erreur', 'error', 'erron', 'notgiven', 'notadmin', 'notdone',
        'nonadmin', 'nondonn', 'pasdonn', 'noshow', 'inacti', 'deactivat', 'inactif', 'remov', 'retir', 'retrait',
        'withdraw', 'exit', 'leav', 'demit', 'suspend', 'expired', 'contraindicated', 'missed', 'scheduled', 'planned',
        'defer', 'motifreport', 'raisonreport', 'supprim', 'suppression', 'annul', 'merge', 'fusion', 'surviv',
        'duplicate', 'doublon', 'replac', 'remplac', 'supersed', 'obsolete', 'master', 'golden', 'deceased', 'dead',
        'death', 'died', 'dod', 'deces', 'decede', 'entryreason', 'transferred',
        'leftdate', 'lefton', 'leftat', 'leftdt', 'dateleft', 'datedepart', 'sortie', 'état', 'révo', 'décéd', 'décès'
    ] -%}
    {%- set whole = [
        'active', 'isactive', 'activeflag', 'activeind', 'actif', 'current', 'iscurrent', 'currentflag', 'inforce', 'envigueur',
        'enabled', 'given', 'isgiven', 'wasgiven', 'administered', 'isadministered', 'done', 'action', 'actioncode', 'op',
        'operation', 'changetype'
    ] -%}
    {%- set about_something_else = ['consent', 'validity', 'historical', 'estimated', 'forecast'] -%}
    {%- set found = [] -%}
    {%- for stem in stems if stem in letters -%}
        {%- do found.append(stem) -%}
    {%- endfor -%}
    {%- for stem in about_something_else if stem in letters -%}
        {%- do found.clear() -%}
    {%- endfor -%}
    {{ return(found | length > 0 or letters in whole) }}
{%- endmacro %}

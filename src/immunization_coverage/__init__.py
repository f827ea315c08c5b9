"""Ontario's school immunization coverage: builds the warehouse, releases, lists and reports from extracts (`icw`)."""

# The environment variable that names the project's folder; `icw --project` sets it before a module looks for it.
PROJECT_VARIABLE = "ICW_PROJECT"

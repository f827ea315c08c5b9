"""Ontario's school immunization coverage: extracts in; a warehouse, releases, lists and reports out (`icw`)."""

# The environment variable that names the project's folder; `icw --project` sets it before a module looks for it.
PROJECT_VARIABLE = "ICW_PROJECT"

"""Ontario's school immunization coverage: extracts in; a warehouse, releases, lists and reports out (`icw`)."""

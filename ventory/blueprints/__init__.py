"""One folder per feature: routes (pages), api (JSON), forms, schemas, service, queries, models, templates."""

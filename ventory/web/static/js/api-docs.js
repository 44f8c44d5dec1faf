// Swagger UI over our own document; no request leaves this site.
window.ui = SwaggerUIBundle({
  url: "/api/openapi.json",
  dom_id: "#swagger",
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset.slice(1)],
  layout: "BaseLayout",
  validatorUrl: null,
  // Closed by tag: of 140 operations laid open at once it shows the first ten.
  docExpansion: "none",
});

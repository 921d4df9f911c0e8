"""The page that shows the API, without a line of script in it: the policy of contents allows none (ejd.http.shield)."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.responses import HTMLResponse, Response

FILES = "/static-offline-docs"
PAGE = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ejd: the API</title>
<link rel="icon" href="{FILES}/favicon.png">
<link rel="stylesheet" href="{FILES}/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="{FILES}/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
START = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "none",
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
});
"""


def create_documented(**about: object) -> FastAPI:
    """Answer an application with the API's page; it loads nothing from anybody else's server."""
    app = FastAPIOffline(docs_url=None, redoc_url=None, **about)
    app.add_api_route("/docs", lambda: HTMLResponse(PAGE), include_in_schema=False)
    app.add_api_route("/docs/start.js", lambda: Response(START, media_type="text/javascript"), include_in_schema=False)
    return app

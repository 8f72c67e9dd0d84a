"""The description of the HTTP API in OpenAPI 3.1, made from the values that the server itself checks with."""

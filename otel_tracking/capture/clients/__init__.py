"""How each HTTP client is recorded when capture is installed; one module each, imported when its package is."""

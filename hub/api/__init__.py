"""HTTP and websocket: the Home Assistant protocol, and the page."""

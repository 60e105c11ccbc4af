"""Hub: one asyncio process that runs a house and its machine room."""

"""Reverse proxies: nginx on one server or fifty, deployed so that nothing ever goes down."""

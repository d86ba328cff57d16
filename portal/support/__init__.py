"""The support centre: whom we may talk to about a platform."""

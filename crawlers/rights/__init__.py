"""By what right a host is asked: `access` decides, from a written `permission`, `keys` of official APIs, their `quota`."""

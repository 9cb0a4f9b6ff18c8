"""Platform parameters: what the administrator may set while everything runs.

`catalogue` declares each one; `current.Parameters` is a process's copy (`app.state.parameters.get(catalogue.CAPTCHA_POLICY)`
reads no database); `change` is how one is set. A change is a row that stays: the newest row of a name is its value.
"""

from distro_api.identity.service.parameters import catalogue
from distro_api.identity.service.parameters.current import Parameters
from distro_api.identity.service.parameters.declaration import Parameter

__all__ = ["Parameter", "Parameters", "catalogue"]

"""The life of an employee."""

from enum import StrEnum


class EmployeeStatus(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"


class EmployeeAction(StrEnum):
    DISABLE = "disable"
    ENABLE = "enable"


TRANSITIONS = {
    (EmployeeStatus.ACTIVE, EmployeeAction.DISABLE): EmployeeStatus.DISABLED,
    (EmployeeStatus.DISABLED, EmployeeAction.ENABLE): EmployeeStatus.ACTIVE,
}

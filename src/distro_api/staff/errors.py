"""Refusals of staff."""

from distro_api.core.errors import Conflict, Text


class EmployeeNumberTaken(Conflict):
    code, title = "employee_number_taken", Text("工号已存在", "There is an employee with this number")


class EmployeePhoneTaken(Conflict):
    """Another employee of the organization has it."""

    code, title = "employee_phone_taken", Text("手机号已属于另一名员工", "Another employee has this phone number")
    detail = Text("工号 {number} 的员工已使用该手机号", "It is the number of employee {number}")


class EmployeeHasAccount(Conflict):
    """No second one is given; and imports do not touch it."""

    code, title = "employee_has_account", Text("该员工已有账号", "This employee has an account")
    detail = Text("有账号的员工须逐个停用或启用", "Employees with an account are disabled and enabled one by one")


class EmployeeWithoutPhone(Conflict):
    """The one-time password goes there."""

    code, title = "employee_without_phone", Text("该员工没有手机号", "This employee has no phone number")


class EmployeeDisabled(Conflict):
    code, title = "employee_disabled", Text("员工已停用，不能开通账号", "A disabled employee is given no account")

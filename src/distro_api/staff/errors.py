"""Refusals of staff."""

from distro_api.core.errors import Conflict, Text


class EmployeeNumberTaken(Conflict):
    code, title = "employee_number_taken", Text("工号已存在", "There is an employee with this number")


class EmployeePhoneTaken(Conflict):
    """Another employee of the organization has it."""

    code, title = "employee_phone_taken", Text("手机号已属于另一名员工", "Another employee has this phone number")
    detail = Text("工号 {number} 的员工已使用该手机号", "It is the number of employee {number}")

"""Why a job failed, beside the refusals of the room it belongs to."""

from distro_api.core.errors import Conflict, Text


class JobGaveUp(Conflict):
    code, title = "job_gave_up", Text("任务多次中断，已放弃", "The job was interrupted too often and was given up")
    detail = Text("已尝试 {attempts} 次", "It was tried {attempts} times")

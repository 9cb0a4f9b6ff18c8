"""Why a job is not taken, or failed, beside the refusals of the room it belongs to."""

from distro_api.core.errors import Conflict, Text, TooManyRequests


class JobGaveUp(Conflict):
    code, title = "job_gave_up", Text("任务多次中断，已放弃", "The job was interrupted too often and was given up")
    detail = Text("已尝试 {attempts} 次", "It was tried {attempts} times")


class TooManyJobs(TooManyRequests):
    """They run one after the other: a queue that grows faster helps nobody."""

    code, title = "too_many_jobs", Text("等待中的同类任务过多", "Too many jobs of this kind are waiting")
    retry_after_s = 30

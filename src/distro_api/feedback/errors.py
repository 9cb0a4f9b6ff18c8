"""Refusals of feedback."""

from distro_api.core.errors import Text, TooManyRequests


class TooMuchFeedback(TooManyRequests):
    code, title = "too_much_feedback", Text("今日反馈次数已达上限", "You have given as much feedback as a day takes")
    detail = Text("24 小时内最多 {most} 条", "At most {most} in 24 hours")

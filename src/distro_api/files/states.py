"""The life of a file."""

from enum import StrEnum


class FileStatus(StrEnum):
    """writing -its content is whole-> stored -deleted or expired-> doomed -swept-> no row.

    The row is there before the content and after it: content without a row can't be.
    """

    WRITING = "writing"
    STORED = "stored"
    DOOMED = "doomed"

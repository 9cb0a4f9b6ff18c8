"""Refusals of files."""

from distro_api.core.errors import BadRequest, Conflict, Forbidden, Text, Unprocessable


class MalformedForm(BadRequest):
    code, title = "malformed_form", Text("表单内容无法识别", "The form can't be read")
    detail = Text(
        "须为 multipart/form-data，含一个文件字段 {field}", "multipart/form-data with one file in field {field}"
    )


class UnsupportedFile(Unprocessable):
    """Judged by what is in the file; its name and what the client says of it do not count."""

    code, title = "unsupported_file", Text("不支持的文件内容", "This kind of file is not taken here")
    detail = Text("可用：{allowed}", "Taken here: {allowed}")


class UnknownFile(Unprocessable):
    """A body names a file that is not there, not yours, or for something else."""

    code, title = "unknown_file", Text("文件不存在或不能用于此处", "There is no such file, or it is for something else")


class FileGone(Conflict):
    """The row is there and its content is not."""

    code, title = "file_gone", Text("文件内容已不存在", "The content of the file is gone")


class BadLink(Forbidden):
    code, title = "bad_link", Text("下载链接无效", "This link is not one of ours")


class LinkExpired(Forbidden):
    code, title = "link_expired", Text("下载链接已过期，请重新获取", "This link has expired, ask for a new one")

"""Why a spreadsheet, or a cell of it, is refused."""

from distro_api.core.errors import Conflict, Text, Unprocessable


class UnreadableSpreadsheet(Unprocessable):
    code, title = "unreadable_spreadsheet", Text("表格文件无法读取", "The spreadsheet can't be read")
    detail = Text(
        "请另存为不带宏和密码的 .xlsx，或 UTF-8、GB18030 编码的 .csv 后重试",
        "Save it as .xlsx without macros or password, or as .csv in UTF-8 or GB18030, and try again",
    )


class SpreadsheetTooLarge(Unprocessable):
    code, title = "spreadsheet_too_large", Text("表格内容过大", "There is too much in the spreadsheet")
    detail = Text(
        "最多 {rows} 行、{columns} 列，解压后不超过 {bytes} 字节",
        "At most {rows} rows, {columns} columns, and {bytes} bytes when unpacked",
    )


class ColumnsMissing(Unprocessable):
    code, title = "columns_missing", Text("找不到所需的表头", "Columns that are needed are missing")
    detail = Text("缺少：{missing}", "Missing: {missing}")


class ColumnsUnknown(Unprocessable):
    """An unknown column is a typing error more often than not, and what stands below it would be lost unseen."""

    code, title = "columns_unknown", Text("有不认识或重复的表头", "There are columns that are unknown or stand twice")
    detail = Text("无法识别：{unknown}", "Not understood: {unknown}")


class SpreadsheetEmpty(Unprocessable):
    code, title = "spreadsheet_empty", Text("表格没有数据行", "The spreadsheet has no rows of data")


class RowsRefused(Conflict):
    """All or nothing was asked for, and some rows are refused: nothing was imported."""

    code, title = "rows_refused", Text("部分行有误，未导入任何数据", "Some rows are refused, and nothing was imported")
    detail = Text("有误的行数：{rows}", "Rows refused: {rows}")

"""Problem documents (RFC 9457): one table from error code to HTTP status and sentence, one shape.

It stands apart because the domain knows no HTTP numbers, and because every client reads errors by
the stable `code` of this table, whichever route answered.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, cast

from pydantic_core import to_json
from starlette.requests import HTTPConnection
from starlette.responses import Response

from consoles.api.refusals import MethodNotAllowed, NotFound, RequestError
from ledger.errors import HallError

Language = Literal["zh", "en"]

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 1
_OWN = frozenset({"type", "title", "status", "code", "detail", "hint"})


class Kind(NamedTuple):
    """One kind of problem: its HTTP status, its sentence and what to do, in both languages."""

    status: int
    zh: str
    en: str
    hint_zh: str = ""
    hint_en: str = ""


_RESEND_ZH = "改正后用同一 id 重新发送。"
_LATER_ZH, _LATER_EN = (
    "稍后原样重发，重复发送不会重复记账。",
    "Send the same again later: repeats are safe.",
)
_OPERATOR_ZH, _OPERATOR_EN = "请联系运维人员。", "Tell the operator of this installation."

KINDS: dict[str, Kind] = {
    "ledger.event-invalid": Kind(400, "事件内容不符合规范", "The event is not valid", _RESEND_ZH),
    "ledger.unknown-type": Kind(400, "事件类型未知或不允许上报", "Unknown event type", _RESEND_ZH),
    "ledger.identity-conflict": Kind(
        409,
        "同一事件标识已有不同内容，以先到者为准",
        "The identity already exists with other content; the first one counts",
        "用新的 id 发送，或以更正事件 hall.case.amended.v1 更正。",
        "Send it under a new id, or send hall.case.amended.v1 to correct the first.",
    ),
    "ledger.unavailable": Kind(
        503, "台账暂时不可用", "The log is unavailable", _LATER_ZH, _LATER_EN
    ),
    "ledger.partition-lost": Kind(
        503, "分区已由其他进程接管", "The partition has another owner", _LATER_ZH, _LATER_EN
    ),
    "ledger.record-unreadable": Kind(
        500,
        "台账中有无法读取的记录",
        "A record of the log is unreadable",
        _OPERATOR_ZH,
        _OPERATOR_EN,
    ),
    "ledger.log-mismatch": Kind(
        500, "台账与已存状态不符", "The log is not the one remembered", _OPERATOR_ZH, _OPERATOR_EN
    ),
    "ledger.topic-mismatch": Kind(
        500,
        "台账主题的设置与声明不符",
        "A topic of the log is set wrong",
        _OPERATOR_ZH,
        _OPERATOR_EN,
    ),
    "ledger.error": Kind(500, "台账出错", "The log failed", _OPERATOR_ZH, _OPERATOR_EN),
    "database.unavailable": Kind(
        503, "数据库暂时不可用", "The database is unavailable", _LATER_ZH, _LATER_EN
    ),
    "database.schema-other": Kind(
        503, "数据库结构须更新", "The database has another schema", _OPERATOR_ZH, _OPERATOR_EN
    ),
    "database.error": Kind(500, "数据库出错", "The database failed", _OPERATOR_ZH, _OPERATOR_EN),
    "projection.stale": Kind(
        503, "统计数据须重建", "The read model must be rebuilt", _OPERATOR_ZH, _OPERATOR_EN
    ),
    "projection.error": Kind(
        500, "统计数据出错", "The read model failed", _OPERATOR_ZH, _OPERATOR_EN
    ),
    "policy.error": Kind(500, "规则出错", "A rule failed", _OPERATOR_ZH, _OPERATOR_EN),
    "policy.pack-invalid": Kind(
        500, "规则包有误", "A rule pack is invalid", _OPERATOR_ZH, _OPERATOR_EN
    ),
    "policy.calendar-invalid": Kind(
        500, "日历有误", "A calendar is invalid", _OPERATOR_ZH, _OPERATOR_EN
    ),
    "import.invalid": Kind(400, "导入文件无法读取", "The file cannot be imported"),
    "settings.error": Kind(500, "设置有误", "A setting is wrong", _OPERATOR_ZH, _OPERATOR_EN),
    "settings.invalid": Kind(500, "设置有误", "A setting is invalid", _OPERATOR_ZH, _OPERATOR_EN),
    "settings.data-folder-busy": Kind(
        503, "数据目录正被其他进程使用", "The data folder is busy", _LATER_ZH, _LATER_EN
    ),
    "settings.extra-missing": Kind(
        500, "缺少可选组件", "An optional part is not installed", _OPERATOR_ZH, _OPERATOR_EN
    ),
    "alert.error": Kind(500, "通知出错", "Telling failed", _OPERATOR_ZH, _OPERATOR_EN),
    "alert.channel-refused": Kind(
        502, "对方系统拒绝", "Another system refused", _OPERATOR_ZH, _OPERATOR_EN
    ),
    "alert.channel-unavailable": Kind(
        503, "对方系统不可用", "Another system is unavailable", _LATER_ZH, _LATER_EN
    ),
    "hall.error": Kind(500, "系统出错", "The system failed", _OPERATOR_ZH, _OPERATOR_EN),
    "request.error": Kind(400, "请求有误", "The request cannot be served"),
    "request.parameter-invalid": Kind(
        422,
        "参数有误",
        "A parameter is not valid",
        "参数写法见 /api/docs。",
        "The parameters are listed at /api/docs.",
    ),
    "request.not-found": Kind(404, "没有找到", "Not found", "路径见 /api/docs。", "See /api/docs."),
    "request.method-not-allowed": Kind(
        405, "此路径不支持该方法", "Method not allowed", "方法见 /api/docs。", "See /api/docs."
    ),
    "request.media-type-unsupported": Kind(
        415,
        "内容类型须为 JSON",
        "The body must be declared as JSON",
        "Content-Type 用 application/json 或 application/cloudevents+json。",
        "Send Content-Type application/json or application/cloudevents+json.",
    ),
    "request.body-too-large": Kind(
        413,
        "请求体过大，未记账，只保留其 SHA-256",
        "The body is too large; nothing was taken, only its SHA-256 is kept",
        "分成较小的批次发送。",
        "Send smaller batches.",
    ),
    "request.too-many-events": Kind(
        413,
        "一批事件过多，均未记账",
        "Too many events in one batch; nothing was taken",
        "分成较小的批次发送。",
        "Send smaller batches.",
    ),
    "request.events-refused": Kind(
        400,
        "本批事件均未记账",
        "No event of the batch was taken",
        "逐条原因见 results。",
        "`results` says for each event what is wrong.",
    ),
    "request.body-timeout": Kind(
        408, "请求体未能及时收到", "The body did not arrive in time", _LATER_ZH, _LATER_EN
    ),
    "request.busy": Kind(429, "请求过多", "Too many requests at once", _LATER_ZH, _LATER_EN),
    "request.failed": Kind(500, "系统出错", "The server failed", _OPERATOR_ZH, _OPERATOR_EN),
}
"""Error code → HTTP status and sentences. A test holds it against the error tree."""


def language(connection: HTTPConnection) -> Language:
    """Return the language that `?lang=` or Accept-Language asks for; Chinese where neither does."""
    asked = connection.query_params.get("lang", "")
    if asked in ("zh", "en"):
        return cast(Language, asked)
    ranges = []
    for part in connection.headers.get("accept-language", "").split(","):
        tag, _, weight = part.strip().partition(";q=")
        if tag[:2].lower() in ("zh", "en"):
            ranges.append((_weight(weight), tag[:2].lower()))
    best = max(ranges, key=lambda item: item[0], default=(1.0, "zh"))
    return cast(Language, best[1])


def _weight(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0


def scope_language(scope: Mapping[str, Any]) -> Language:
    """Return the language of a raw ASGI scope; see `language`."""
    return language(HTTPConnection(dict(scope)))


def problem_of(error: HallError, lang: Language, **more: Any) -> dict[str, Any]:
    """Return the problem document of an error.

    Args:
        error: any error of the tree; its `details` that JSON can hold become members.
        lang: language of `title` and `hint`; `detail` is the error's own text.
        more: further members, e.g. `index` of the event in its batch.
    """
    kind = KINDS.get(error.code, KINDS["hall.error"])
    hint = kind.hint_zh if lang == "zh" else error.hint or kind.hint_en
    document: dict[str, Any] = {
        "type": f"/api/docs#{error.code}",
        "title": kind.zh if lang == "zh" else kind.en,
        "status": kind.status,
        "code": error.code,
        "detail": error.message,
    }
    if hint:
        document["hint"] = hint
    members = {**error.details, **more}
    document |= {k: v for k, v in members.items() if k not in _OWN and v is not None}
    return document


def status_of(code: str) -> int:
    """Return the HTTP status of an error code."""
    return KINDS.get(code, KINDS["hall.error"]).status


def problem_response(error: HallError, lang: Language, **more: Any) -> Response:
    """Return the answer that carries an error's problem document."""
    headers = {"retry-after": str(RETRY_AFTER_S)} if status_of(error.code) in (429, 503) else None
    return Response(
        to_json(problem_of(error, lang, **more)),
        status_code=status_of(error.code),
        media_type=MEDIA_TYPE,
        headers=headers,
    )


def error_of_status(status: int, method: str, path: str) -> RequestError:
    """Return the error behind a bare HTTP status that the framework raised."""
    if status == 404:
        return NotFound(f"There is nothing at {path}.")
    if status == 405:
        return MethodNotAllowed(f"{path} does not take {method}.")
    return RequestError(f"{method} {path} was refused with status {status}.")

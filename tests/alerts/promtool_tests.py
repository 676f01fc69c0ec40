"""What recordings give, and all cases of recordings and alerts as `promtool test rules` reads them.

It stands apart from the cases so that those stay a table.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from alerts.prometheus_files import SCRAPE_SECONDS, alert_rules
from alerts.yaml_text import Value
from tests.alerts.alert_cases import API, CASES, Case, lag


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What a recording gives.

    Attributes:
        expected: value by series of the recording.
    """

    record: str
    seen: Mapping[str, str]
    expected: Mapping[str, float] = field(default_factory=dict)
    at: str = "5m"


_TWO = ((API, "10"), ('instance="api-2",job="hall-api"', "12"))

RECORDED: tuple[Recorded, ...] = (
    Recorded(
        record="level:cards:sum",
        seen={
            f'hall_cards{{hall="{hall}",level="red",{node}}}': f"{number}x30"
            for node, number in _TWO
            for hall in ("H1", "H2")
        },
        expected={'level:cards:sum{level="red"}': 24},
    ),
    Recorded(
        record="hall:today_on_time:ratio",
        seen={
            f'hall_today_on_time_cases{{hall="H1",{API}}}': "9x30",
            f'hall_today_promised_cases{{hall="H1",{API}}}': "12x30",
            f'hall_today_on_time_cases{{hall="H2",{API}}}': "0x30",
            f'hall_today_promised_cases{{hall="H2",{API}}}': "0x30",
        },
        expected={'hall:today_on_time:ratio{hall="H1"}': 0.75},
    ),
    Recorded(
        record="role:read_records:rate1m",
        seen={**lag("0x30", "0+50x30"), **lag("0x30", "0+50x30", 1)},
        expected={'role:read_records:rate1m{role="supervise"}': 10},
    ),
    Recorded(
        record="role:read_records:rate1m",
        seen=lag("0x30", "900x28 0 0"),
        expected={'role:read_records:rate1m{role="supervise"}': 0},
    ),
    Recorded(
        record="total:dead_letters:sum",
        seen={f'hall_figures_up{{part="log",{API}}}': "1x30"},
        expected={"total:dead_letters:sum": 0},
    ),
)


def promtool_tests() -> Mapping[str, Value]:
    """Return all cases as `promtool test rules` reads them, beside the folder `rules`."""
    tests: list[Value] = [
        {
            **_test(case.name, case.seen),
            "alert_rule_test": [
                {
                    "eval_time": case.at,
                    "alertname": case.alert,
                    "exp_alerts": [_expected(case, *fired) for fired in case.fires],
                }
            ],
        }
        for case in CASES
    ]
    tests += [
        {
            **_test(each.record, each.seen),
            "promql_expr_test": [
                {
                    "expr": each.record,
                    "eval_time": each.at,
                    "exp_samples": [
                        {"labels": series, "value": value}
                        for series, value in each.expected.items()
                    ],
                }
            ],
        }
        for each in RECORDED
    ]
    return {
        "rule_files": ["rules/recordings.yml", "rules/alerts.yml"],
        "evaluation_interval": f"{SCRAPE_SECONDS}s",
        "tests": tests,
    }


def _test(name: str, seen: Mapping[str, str]) -> dict[str, Value]:
    series: list[Value] = [{"series": each, "values": values} for each, values in seen.items()]
    return {"interval": f"{SCRAPE_SECONDS}s", "name": name, "input_series": series}


def _expected(case: Case, labels: Mapping[str, str], value: str) -> Value:
    groups = alert_rules()["groups"]
    assert isinstance(groups, list)
    (rule,) = (each for each in groups[0]["rules"] if each["alert"] == case.alert)

    def filled(text: str) -> str:
        with_labels = re.sub(
            r"\{\{ \$labels\.(\w+) \}\}", lambda found: labels.get(found[1], ""), text
        )
        return with_labels.replace("{{ $value }}", value)

    return {
        "exp_labels": {**labels, **rule["labels"]},
        "exp_annotations": {name: filled(text) for name, text in rule["annotations"].items()},
    }

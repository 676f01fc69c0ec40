"""Headings of the efficiency table in Chinese and English, in the order of its CSV columns.

They stand apart as the one list that a test holds against the view's columns.
"""

CSV_COLUMNS: dict[str, tuple[str, str]] = {
    "day": ("日期", "Day"),
    "hall": ("大厅", "Hall"),
    "department": ("部门", "Department"),
    "accepted": ("受理数", "Accepted"),
    "completed": ("办结数", "Completed"),
    "open": ("日终在办数", "Open at end of day"),
    "completion_rate": ("办结率(%)", "Completion rate (%)"),
    "promised_completed": ("有承诺时限的办结数", "Completed with a promised limit"),
    "promised_on_time": ("承诺时限内办结数", "Within the promised limit"),
    "on_time_rate": ("承诺按时率(%)", "Promised on-time rate (%)"),
    "statutory_completed": ("有法定时限的办结数", "Completed with a statutory limit"),
    "statutory_on_time": ("法定时限内办结数", "Within the statutory limit"),
    "statutory_on_time_rate": ("法定按时率(%)", "Statutory on-time rate (%)"),
    "warning_issued": ("预警数", "Warnings issued"),
    "yellow_issued": ("黄牌数", "Yellow cards issued"),
    "red_issued": ("红牌数", "Red cards issued"),
    "warning_rescinded": ("自动撤销预警数", "Warnings rescinded"),
    "yellow_rescinded": ("自动撤销黄牌数", "Yellow cards rescinded"),
    "red_rescinded": ("自动撤销红牌数", "Red cards rescinded"),
    "warning_revoked": ("申诉撤销预警数", "Warnings revoked"),
    "yellow_revoked": ("申诉撤销黄牌数", "Yellow cards revoked"),
    "red_revoked": ("申诉撤销红牌数", "Red cards revoked"),
    "mean_working_us": ("平均办理工作时长(微秒)", "Mean working time (µs)"),
    "mean_working_hours": ("平均办理工作时长(小时)", "Mean working hours"),
    "p90_working_us": ("九成办件办理工作时长(微秒)", "90th percentile of working time (µs)"),
    "p90_working_hours": ("九成办件办理工作时长(小时)", "90th percentile of working hours"),
}

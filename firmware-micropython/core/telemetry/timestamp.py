# Mirrors Sources/Telemetry/Timestamp.swift (the writing half: a device reads no timestamps).
"""ISO 8601 date and time, in integers. The eras begin on 1 March, so that leap days come last."""


def date(days):
    """(year, month, day) of the date `days` after 1 January 1970."""
    shifted = days + 719_468
    era = shifted // 146_097
    day_of_era = shifted - era * 146_097
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_from_march = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month_from_march + 2) // 5 + 1
    month = month_from_march + 3 if month_from_march < 10 else month_from_march - 9
    return year_of_era + era * 400 + (1 if month <= 2 else 0), month, day


def append_timestamp(output, unix_seconds):
    """Appends seconds since 1970 UTC as `2026-11-23T22:45:29Z`."""
    year, month, day = date(unix_seconds // 86_400)
    second = unix_seconds % 86_400
    output.append(b"%d-%02d-%02dT%02d:%02d:%02dZ" % (year, month, day, second // 3600, second // 60 % 60, second % 60))

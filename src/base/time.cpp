#include "stash/base/time.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <limits>

namespace stash {
namespace {

namespace chr = std::chrono;

/// A midnight, so that every time can be rounded down to its day.
constexpr chr::sys_seconds kFirst = chr::ceil<chr::days>(TimePoint::min());
constexpr chr::sys_seconds kLast = chr::floor<chr::seconds>(TimePoint::max());

struct Civil {
  chr::year_month_day date;
  chr::hh_mm_ss<chr::nanoseconds> time;
};

Civil civil(TimePoint t) {
  const auto day = chr::floor<chr::days>(t);
  return {chr::year_month_day(day), chr::hh_mm_ss<chr::nanoseconds>(t - day)};
}

std::string seconds_text(const Civil& c) {
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(c.date.year()),
                     static_cast<unsigned>(c.date.month()), static_cast<unsigned>(c.date.day()),
                     c.time.hours().count(), c.time.minutes().count(), c.time.seconds().count());
}

/// Reads exactly `digits` decimal digits from the front of `rest`; -1 when they are not there.
int take_number(std::string_view& rest, std::size_t digits) {
  if (rest.size() < digits) return -1;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (rest[i] < '0' || rest[i] > '9') return -1;
    value = value * 10 + (rest[i] - '0');
  }
  rest.remove_prefix(digits);
  return value;
}

bool take(std::string_view& rest, std::string_view any) {
  if (rest.empty() || any.find(rest.front()) == std::string_view::npos) return false;
  rest.remove_prefix(1);
  return true;
}

/// The digits after a decimal point as nanoseconds; digits beyond the ninth are dropped.
std::optional<std::int64_t> take_fraction(std::string_view& rest) {
  std::int64_t value = 0;
  std::size_t digits = 0;
  while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') {
    if (digits < 9) value = value * 10 + (rest.front() - '0');
    ++digits;
    rest.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  for (std::size_t i = digits; i < 9; ++i) value *= 10;
  return value;
}

std::optional<chr::minutes> take_offset(std::string_view& rest) {
  if (take(rest, "Zz")) return chr::minutes(0);
  if (rest.empty() || (rest.front() != '+' && rest.front() != '-')) return std::nullopt;
  const int sign = rest.front() == '-' ? -1 : 1;
  rest.remove_prefix(1);
  const int hours = take_number(rest, 2);
  if (hours < 0 || hours > 23 || !take(rest, ":")) return std::nullopt;
  const int minutes = take_number(rest, 2);
  if (minutes < 0 || minutes > 59) return std::nullopt;
  return chr::minutes(sign * (hours * 60 + minutes));
}

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};
constexpr std::array kUnits{Unit{"ns", 1},
                            Unit{"us", 1'000},
                            Unit{"\xC2\xB5s", 1'000},
                            Unit{"ms", 1'000'000},
                            Unit{"s", 1'000'000'000},
                            Unit{"m", 60'000'000'000},
                            Unit{"h", 3'600'000'000'000}};

const Unit* unit_of(std::string_view name) {
  for (const Unit& unit : kUnits)
    if (unit.name == name) return &unit;
  return nullptr;
}

std::string trimmed(std::string number) {
  while (number.ends_with('0')) number.pop_back();
  if (number.ends_with('.')) number.pop_back();
  return number;
}

}  // namespace

TimePoint from_timespec(const timespec& time) {
  const chr::sys_seconds second{chr::seconds(time.tv_sec)};
  if (second < kFirst) return kFirst;
  if (second >= kLast) return kLast;
  return second + chr::nanoseconds(time.tv_nsec);
}

std::string format_time(TimePoint time) { return seconds_text(civil(time)) + "Z"; }

std::string format_micro_time(TimePoint time) {
  const Civil c = civil(time);
  return fmt::format("{}.{:06}Z", seconds_text(c), c.time.subseconds().count() / 1000);
}

std::optional<TimePoint> parse_time(std::string_view text) {
  std::string_view rest = text;
  const int year = take_number(rest, 4);
  if (year < 1678 || year > 2261 || !take(rest, "-")) return std::nullopt;
  const int month = take_number(rest, 2);
  if (month < 1 || !take(rest, "-")) return std::nullopt;
  const int day = take_number(rest, 2);
  if (day < 1 || !take(rest, "Tt ")) return std::nullopt;
  const int hour = take_number(rest, 2);
  if (hour < 0 || hour > 23 || !take(rest, ":")) return std::nullopt;
  const int minute = take_number(rest, 2);
  if (minute < 0 || minute > 59 || !take(rest, ":")) return std::nullopt;
  const int second = take_number(rest, 2);
  if (second < 0 || second > 60) return std::nullopt;
  std::int64_t fraction = 0;
  if (take(rest, ".")) {
    const auto digits = take_fraction(rest);
    if (!digits) return std::nullopt;
    fraction = *digits;
  }
  const auto offset = take_offset(rest);
  const chr::year_month_day date{chr::year(year), chr::month(static_cast<unsigned>(month)),
                                 chr::day(static_cast<unsigned>(day))};
  if (!offset || !rest.empty() || !date.ok()) return std::nullopt;
  return TimePoint(chr::sys_days(date)) + chr::hours(hour) + chr::minutes(minute) + chr::seconds(second) +
         chr::nanoseconds(fraction) - *offset;
}

std::string format_duration(Duration duration) {
  if (duration == Duration::zero()) return "0s";
  std::string out = duration < Duration::zero() ? "-" : "";
  // The magnitude is taken unsigned, because the most negative count has no positive counterpart.
  const auto count = duration.count();
  std::uint64_t ns = count < 0 ? ~static_cast<std::uint64_t>(count) + 1 : static_cast<std::uint64_t>(count);
  if (ns < 1'000) return out + fmt::format("{}ns", ns);
  if (ns < 1'000'000) return out + trimmed(fmt::format("{}.{:03}", ns / 1'000, ns % 1'000)) + "\xC2\xB5s";
  if (ns < 1'000'000'000)
    return out + trimmed(fmt::format("{}.{:06}", ns / 1'000'000, ns % 1'000'000)) + "ms";
  const std::uint64_t hours = ns / 3'600'000'000'000u;
  const std::uint64_t minutes = ns / 60'000'000'000u % 60;
  if (hours > 0) out += fmt::format("{}h", hours);
  if (hours > 0 || minutes > 0) out += fmt::format("{}m", minutes);
  ns %= 60'000'000'000u;
  return out + trimmed(fmt::format("{}.{:09}", ns / 1'000'000'000, ns % 1'000'000'000)) + "s";
}

std::optional<Duration> parse_duration(std::string_view text) {
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == "0") return Duration::zero();
  if (rest.empty()) return std::nullopt;
  double total = 0;
  std::int64_t exact = 0;
  while (!rest.empty()) {
    const auto number_end = rest.find_first_not_of("0123456789.");
    if (number_end == 0 || number_end == std::string_view::npos) return std::nullopt;
    double number = 0;
    const auto [end, error] =
        std::from_chars(rest.data(), rest.data() + number_end, number, std::chars_format::fixed);
    if (error != std::errc{} || end != rest.data() + number_end) return std::nullopt;
    rest.remove_prefix(number_end);
    const auto unit_end = rest.find_first_of("0123456789.");
    const Unit* unit = unit_of(rest.substr(0, unit_end));
    if (!unit) return std::nullopt;
    rest.remove_prefix(unit_end == std::string_view::npos ? rest.size() : unit_end);
    total += number * static_cast<double>(unit->nanoseconds);
    if (total > 9.2e18) return std::nullopt;
    exact += static_cast<std::int64_t>(number * static_cast<double>(unit->nanoseconds) + 0.5);
  }
  return Duration(negative ? -exact : exact);
}

}  // namespace stash

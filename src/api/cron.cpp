#include "stash/api/cron.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <span>
#include <vector>

#include "stash/base/time.hpp"

namespace stash::api {
namespace {

using Text = std::string_view;

constexpr std::array<Text, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                       "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<Text, 7> kDays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr std::array<Text, 7> kMacros{"@yearly", "@annually", "@monthly", "@weekly",
                                      "@daily",  "@midnight", "@hourly"};
constexpr std::array<int, 12> kLongestMonth{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

struct FieldKind {
  Text name;
  int low;
  int high;
  std::span<const Text> words;  ///< names of the values from `low` on
};
constexpr FieldKind kMinute{"minute", 0, 59, {}};
constexpr FieldKind kHour{"hour", 0, 23, {}};
constexpr FieldKind kDayOfMonth{"day of month", 1, 31, {}};
constexpr FieldKind kMonth{"month", 1, 12, kMonths};
constexpr FieldKind kDayOfWeek{"day of week", 0, 6, kDays};

/// The chosen values as bits, or what is wrong.
struct Parsed {
  std::uint64_t values = 0;
  bool any = false;  ///< `*` or `?` without a step
  std::string fault{};
};

struct Range {
  int low;
  int high;
};

std::vector<Text> split(Text text, Text separators) {
  std::vector<Text> out;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(separators), text.size());
    if (end > 0) out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::optional<int> number(Text text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.starts_with('-')) return std::nullopt;
  return value;
}

std::optional<int> value_of(Text text, const FieldKind& kind) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  const auto word = std::find(kind.words.begin(), kind.words.end(), lower);
  if (word != kind.words.end()) return kind.low + static_cast<int>(word - kind.words.begin());
  return number(text);
}

std::string fault(const FieldKind& kind, Text piece, std::string_view why) {
  return fmt::format("{} \"{}\" {}", kind.name, piece, why);
}

/// The part before the slash; `open` means that a lone number counts to the end of the field.
std::optional<Range> parse_range(Text text, const FieldKind& kind, bool open) {
  if (text == "*" || text == "?") return Range{kind.low, kind.high};
  const auto dash = text.find('-');
  const auto first = value_of(text.substr(0, dash), kind);
  if (dash == text.npos)
    return first ? std::optional(Range{*first, open ? kind.high : *first}) : std::nullopt;
  const auto last = value_of(text.substr(dash + 1), kind);
  return first && last ? std::optional(Range{*first, *last}) : std::nullopt;
}

Parsed parse_piece(Text piece, const FieldKind& kind) {
  const auto slash = piece.find('/');
  const bool stepped = slash != piece.npos;
  const auto range = parse_range(piece.substr(0, slash), kind, stepped);
  const auto step = stepped ? number(piece.substr(slash + 1)) : 1;
  Parsed out;
  if (!range)
    out.fault = fault(kind, piece,
                      fmt::format("is not a number{}, a range or *", kind.words.empty() ? "" : ", a name"));
  else if (range->low < kind.low || range->low > kind.high || range->high > kind.high)
    out.fault = fault(kind, piece, fmt::format("is outside {} to {}", kind.low, kind.high));
  else if (range->low > range->high)
    out.fault = fault(kind, piece, "ends before it begins");
  else if (!step || *step < 1)
    out.fault = fault(kind, piece, "needs a step of at least 1 after the slash");
  if (!out.fault.empty()) return out;
  out.any = piece == "*" || piece == "?";
  for (int i = range->low; i <= range->high; i += std::min(*step, 64)) out.values |= std::uint64_t{1} << i;
  return out;
}

Parsed parse_field(Text field, const FieldKind& kind) {
  Parsed out;
  for (const Text piece : split(field, ",")) {
    Parsed one = parse_piece(piece, kind);
    if (!one.fault.empty()) return one;
    out.values |= one.values;
    out.any = out.any || one.any;
  }
  if (out.values == 0) out.fault = fault(kind, field, "chooses nothing");
  return out;
}

/// True when some chosen month has one of the chosen days. With a day of week given too, either of the two
/// fires.
bool can_fire(const Parsed& day, const Parsed& month, const Parsed& weekday) {
  if (day.any || !weekday.any) return true;
  for (int m = 1; m <= 12; ++m)
    for (int d = 1; d <= kLongestMonth[static_cast<std::size_t>(m - 1)]; ++d)
      if ((month.values >> m & 1) != 0 && (day.values >> d & 1) != 0) return true;
  return false;
}

std::optional<std::string> macro_fault(Text schedule) {
  constexpr Text kEvery = "@every ";
  if (schedule.starts_with(kEvery)) {
    const auto period = parse_duration(schedule.substr(kEvery.size()));
    if (period && *period > Duration::zero()) return std::nullopt;
    return fmt::format("\"{}\" needs a duration such as 1h30m", schedule);
  }
  if (std::find(kMacros.begin(), kMacros.end(), schedule) != kMacros.end()) return std::nullopt;
  return fmt::format("\"{}\" is unknown; known are {} and @every <duration>", schedule,
                     fmt::join(kMacros, ", "));
}

}  // namespace

std::optional<std::string> cron_fault(std::string_view schedule) {
  if (schedule.starts_with("TZ=") || schedule.starts_with("CRON_TZ="))
    return "a time zone is not allowed; times are those of the cluster's controller manager, usually UTC";
  if (schedule.starts_with('@')) return macro_fault(schedule);
  const auto fields = split(schedule, " \t");
  if (fields.size() != 5)
    return fmt::format("has {} fields, want 5: minute, hour, day of month, month, day of week",
                       fields.size());
  const Parsed minute = parse_field(fields[0], kMinute);
  const Parsed hour = parse_field(fields[1], kHour);
  const Parsed day = parse_field(fields[2], kDayOfMonth);
  const Parsed month = parse_field(fields[3], kMonth);
  const Parsed weekday = parse_field(fields[4], kDayOfWeek);
  for (const Parsed* field : {&minute, &hour, &day, &month, &weekday})
    if (!field->fault.empty()) return field->fault;
  if (!can_fire(day, month, weekday))
    return fmt::format("never fires: day {} does not come in month {}", fields[2], fields[3]);
  return std::nullopt;
}

}  // namespace stash::api

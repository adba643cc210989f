#include "command/flags.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <set>

#include "stash/base/bytes.hpp"
#include "stash/base/log.hpp"

namespace stash::command {
namespace {

std::optional<Duration> parse_long_duration(std::string_view text) {
  if (const auto plain = parse_duration(text)) return plain;
  static constexpr std::pair<char, int> kUnits[] = {{'d', 1}, {'w', 7}, {'y', 365}};
  for (const auto& [unit, days] : kUnits) {
    if (!text.ends_with(unit)) continue;
    const auto hours = parse_duration(std::string(text.substr(0, text.size() - 1)) + "h");
    const int times = 24 * days;
    if (hours && *hours <= Duration::max() / times && *hours >= Duration::min() / times)
      return *hours * times;
  }
  return std::nullopt;
}

/// Years and months as long as they can be, so that nothing goes that the calendar would keep.
std::optional<Duration> parse_retention(std::string_view text) {
  static constexpr std::pair<char, std::uint64_t> kUnits[] = {
      {'y', 366 * 24}, {'m', 31 * 24}, {'d', 24}, {'h', 1}};
  static constexpr std::uint64_t kMost = Duration::max() / std::chrono::hours(1);
  std::uint64_t hours = 0;
  do {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const auto unit = std::ranges::find_if(kUnits, [&](const auto& u) { return text.starts_with(u.first); });
    if (unit == std::end(kUnits) || number > (kMost - hours) / unit->second) return std::nullopt;
    hours += number * unit->second;
    text.remove_prefix(1);
  } while (!text.empty());
  return std::chrono::hours(hours);
}

std::optional<double> parse_percent(std::string_view text) {
  if (text.ends_with('%')) text.remove_suffix(1);
  double percent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && percent >= 0 && percent <= 100 ? std::optional(percent) : std::nullopt;
}

/// CLI11 takes "[a,b]" for a list of two words, unless something follows the bracket: a NUL, which no
/// argument can hold.
void guard(std::string& word) {
  if (word.ends_with(']')) word += '\0';
}

void unguard(std::string& word) {
  if (word.ends_with('\0')) word.pop_back();
}

}  // namespace

struct Flags::Impl {
  Impl(const std::string& summary, const std::string& name) : app(summary, name) {}

  CLI::App app;
  std::set<std::string> ignored;
  std::set<std::string> without_effect;

  /// Drops "--name", "--name=value" and, where the next word is no flag, "--name value".
  std::vector<std::string> without_ignored(int argc, char** argv) const {
    std::vector<std::string> kept;
    for (int i = 1; i < argc; ++i) {
      const std::string word = argv[i];
      const std::string name = word.substr(0, word.find('='));
      const bool warned_of = without_effect.contains(name);
      if (!warned_of && !ignored.contains(name)) {
        kept.push_back(word);
        continue;
      }
      if (warned_of) log::warn("this flag has no effect", {{"flag", name}});
      if (word == name && i + 1 < argc && argv[i + 1][0] != '-') ++i;
    }
    return kept;
  }

  /// An option of one word, as it was given.
  CLI::Option* one(const char* names, std::function<void(std::string)> take, const char* help) {
    const auto given = [take = std::move(take)](std::string word) {
      unguard(word);
      take(std::move(word));
    };
    return app.add_option_function<std::string>(names, given, help);
  }

  /// The same of any number of words.
  CLI::Option* many(const char* names, std::function<void(std::vector<std::string>)> take, const char* help) {
    const auto given = [take = std::move(take)](std::vector<std::string> words) {
      std::ranges::for_each(words, unguard);
      take(std::move(words));
    };
    return app.add_option_function<std::vector<std::string>>(names, given, help);
  }

  /// An option of one word that may be given several times.
  void repeated(const char* names, std::function<void(std::vector<std::string>)> take, const char* help) {
    many(names, std::move(take), help)
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }

  /// An option whose word `parse` has to understand; `form` tells what it wants.
  template <class T>
  void parsed(const char* names, T& to, std::optional<T> (*parse)(std::string_view), const char* form,
              const char* help) {
    const auto take = [&to, names, parse, form](const std::string& text) {
      const std::optional<T> value = parse(text);
      if (!value) throw CLI::ValidationError(names, text + " is not " + form);
      to = *value;
    };
    one(names, take, help);
  }
};

Flags::Flags(std::string name, std::string summary, std::string footer)
    : impl_(std::make_unique<Impl>(summary, "stash " + name)) {
  impl_->app.footer(std::move(footer));
}

Flags::~Flags() = default;

void Flags::option(const char* names, std::string& to, const char* help, const char* env) {
  const auto take = [&to](std::string word) { to = std::move(word); };
  CLI::Option* added = impl_->one(names, take, help);
  if (env) added->envname(env);
}

void Flags::option(const char* names, std::int64_t& to, const char* help, std::int64_t most) {
  impl_->app.add_option(names, to, help)->check(CLI::Range(std::int64_t{0}, most));
}

void Flags::option(const char* names, std::vector<std::string>& to, const char* help) {
  const auto take = [&to](std::vector<std::string> words) { to = std::move(words); };
  impl_->repeated(names, take, help);
}

void Flags::tags(const char* names, engine::TagFilter& to, const char* help) {
  const auto take = [&to, names](const std::vector<std::string>& lists) {
    to = {};
    for (const std::string& list : lists) {
      if (std::ranges::count(engine::split_tags(list), "") > 0)
        throw CLI::ValidationError(names, "there is an empty tag in \"" + list + "\"");
      to.add(list);
    }
  };
  impl_->repeated(names, take, help);
}

void Flags::size(const char* names, std::uint64_t& to, const char* help) {
  impl_->parsed(names, to, parse_size, "a size such as 64MiB", help);
}

void Flags::choice(const char* names, std::string& to, std::vector<std::string> words, const char* help) {
  const auto take = [&to, names, words = std::move(words)](std::string word) {
    if (std::ranges::count(words, word) == 0)
      throw CLI::ValidationError(names, word + " is none of " + fmt::format("{}", fmt::join(words, ", ")));
    to = std::move(word);
  };
  impl_->one(names, take, help);
}

void Flags::percent(const char* names, double& to, const char* help) {
  impl_->parsed(names, to, parse_percent, "a percentage from 0 to 100", help);
}

void Flags::duration(const char* names, Duration& to, const char* help) {
  impl_->parsed(names, to, parse_long_duration, "a duration such as 36h or 7d, of at most 292 years", help);
}

void Flags::retention(const char* names, Duration& to, const char* help) {
  impl_->parsed(names, to, parse_retention,
                "a time such as 2y5m7d3h (years, months, days, hours), of at most 291 years", help);
}

void Flags::flag(const char* names, bool& to, const char* help) { impl_->app.add_flag(names, to, help); }

void Flags::positional(const char* name, std::string& to, const char* help, bool required) {
  const auto take = [&to](std::string word) { to = std::move(word); };
  impl_->one(name, take, help)->required(required);
}

void Flags::positionals(const char* name, std::vector<std::string>& to, const char* help, bool required) {
  const auto take = [&to](std::vector<std::string> words) { to = std::move(words); };
  impl_->many(name, take, help)->required(required);
}

void Flags::ignored(std::vector<std::string> names) { impl_->ignored.insert(names.begin(), names.end()); }

void Flags::without_effect(std::vector<std::string> names) {
  impl_->without_effect.insert(names.begin(), names.end());
}

std::optional<int> Flags::parse(int argc, char** argv) {
  std::vector<std::string> words = impl_->without_ignored(argc, argv);
  std::ranges::for_each(words, guard);
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
  try {
    impl_->app.parse(std::move(words));
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", impl_->app.help());
    return 0;
  } catch (const CLI::ParseError& e) {
    fmt::print(stderr, "{0}: {1}\n\"{0} --help\" tells what there is\n", impl_->app.get_name(), e.what());
    return 2;
  }
}

std::vector<std::string> klog_flags() {
  return {"--logtostderr",
          "--alsologtostderr",
          "--stderrthreshold",
          "--v",
          "-v",
          "--vmodule",
          "--log-dir",
          "--log_dir",
          "--log-backtrace-at",
          "--use-kubeapiserver-fqdn-for-aks",
          "--bypass-validating-webhook-xray",
          "--license-file",
          "--license-apiservice"};
}

}  // namespace stash::command

#include "command/flags.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
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
    if (hours) return *hours * (24 * days);
  }
  return std::nullopt;
}

}  // namespace

struct Flags::Impl {
  Impl(const std::string& summary, const std::string& name) : app(summary, name) {}

  CLI::App app;
  std::set<std::string> ignored;

  /// Drops "--name", "--name=value" and, where the next word is no flag, "--name value".
  std::vector<std::string> without_ignored(int argc, char** argv) const {
    std::vector<std::string> kept;
    for (int i = 1; i < argc; ++i) {
      const std::string word = argv[i];
      const std::string name = word.substr(0, word.find('='));
      if (!ignored.contains(name)) {
        kept.push_back(word);
        continue;
      }
      log::debug("flag has no meaning here", {{"flag", name}});
      if (word == name && i + 1 < argc && argv[i + 1][0] != '-') ++i;
    }
    return kept;
  }
};

Flags::Flags(std::string name, std::string summary, std::string footer)
    : impl_(std::make_unique<Impl>(summary, "stash " + name)) {
  impl_->app.footer(std::move(footer));
}

Flags::~Flags() = default;

void Flags::option(const char* names, std::string& to, const char* help, const char* env) {
  auto* added = impl_->app.add_option(names, to, help);
  if (env) added->envname(env);
}

void Flags::option(const char* names, std::int64_t& to, const char* help) {
  impl_->app.add_option(names, to, help)->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 40));
}

void Flags::option(const char* names, double& to, const char* help) {
  impl_->app.add_option(names, to, help);
}

void Flags::option(const char* names, std::vector<std::string>& to, const char* help) {
  impl_->app.add_option(names, to, help)
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void Flags::size(const char* names, std::uint64_t& to, const char* help) {
  impl_->app.add_option_function<std::string>(
      names,
      [&to](const std::string& text) {
        const auto value = parse_size(text);
        if (!value) throw CLI::ValidationError(text + " is not a size such as 64MiB");
        to = *value;
      },
      help);
}

void Flags::duration(const char* names, Duration& to, const char* help) {
  impl_->app.add_option_function<std::string>(
      names,
      [&to](const std::string& text) {
        const auto value = parse_long_duration(text);
        if (!value) throw CLI::ValidationError(text + " is not a duration such as 36h or 7d");
        to = *value;
      },
      help);
}

void Flags::flag(const char* names, bool& to, const char* help) { impl_->app.add_flag(names, to, help); }

void Flags::positional(const char* name, std::string& to, const char* help, bool required) {
  impl_->app.add_option(name, to, help)->required(required);
}

void Flags::positionals(const char* name, std::vector<std::string>& to, const char* help, bool required) {
  impl_->app.add_option(name, to, help)->required(required);
}

void Flags::ignored(std::vector<std::string> names) { impl_->ignored.insert(names.begin(), names.end()); }

std::optional<int> Flags::parse(int argc, char** argv) {
  std::vector<std::string> words = impl_->without_ignored(argc, argv);
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
  try {
    impl_->app.parse(std::move(words));
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    std::cout << impl_->app.help();
    return 0;
  } catch (const CLI::ParseError& e) {
    std::cerr << impl_->app.get_name() << ": " << e.what() << "\n\"" << impl_->app.get_name()
              << " --help\" tells what there is\n";
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
          "--master",
          "--license-file",
          "--license-apiservice"};
}

}  // namespace stash::command

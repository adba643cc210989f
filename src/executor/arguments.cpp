#include "executor/arguments.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>

namespace stash::executor {
namespace {

/// One flag: with a value (`--tag=a` or `--tag a`) or without.
struct Flag {
  std::string_view name;
  std::function<void(const std::string&)> with_value;
  std::function<void()> alone;
};

void add_tags(std::vector<std::string>& to, const std::string& list) {
  for (std::string& tag : engine::split_tags(list))
    if (!tag.empty()) to.push_back(std::move(tag));
}

/// Flags of restic without effect here, and flags whose value must be taken along although they are told as
/// unused.
constexpr std::array<std::string_view, 3> kWithoutEffect{"--no-scan", "--quiet", "--verbose"};
constexpr std::array<std::string_view, 4> kUnusedWithValue{"--compression", "--read-concurrency",
                                                           "--limit-upload", "--limit-download"};

Unused apply(const std::vector<std::string>& args, const std::vector<Flag>& flags) {
  Unused unused;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string& arg = args[i];
    const std::size_t equals = arg.find('=');
    const std::string name = arg.substr(0, equals);
    const auto flag = std::ranges::find(flags, name, &Flag::name);
    const bool wants_value = (flag != flags.end() && flag->with_value) ||
                             std::ranges::find(kUnusedWithValue, name) != kUnusedWithValue.end();
    std::string value = equals == std::string::npos ? "" : arg.substr(equals + 1);
    const bool apart = wants_value && equals == std::string::npos && i + 1 < args.size();
    if (apart) value = args[++i];
    if (flag != flags.end()) {
      flag->with_value ? flag->with_value(value) : flag->alone();
    } else if (std::ranges::find(kWithoutEffect, name) == kWithoutEffect.end()) {
      unused.push_back(apart ? fmt::format("{} {}", name, value) : arg);
    }
  }
  return unused;
}

}  // namespace

Unused apply_backup_arguments(const std::vector<std::string>& args, engine::BackupOptions& options) {
  return apply(args,
               {
                   {"--tag", [&](const std::string& v) { add_tags(options.tags, v); }, nullptr},
                   {"--exclude", [&](const std::string& v) { options.excludes.push_back(v); }, nullptr},
                   {"-e", [&](const std::string& v) { options.excludes.push_back(v); }, nullptr},
                   {"--iexclude", [&](const std::string& v) { options.iexcludes.push_back(v); }, nullptr},
                   {"--exclude-caches", nullptr, [&] { options.exclude_caches = true; }},
                   {"--one-file-system", nullptr, [&] { options.one_file_system = true; }},
                   {"-x", nullptr, [&] { options.one_file_system = true; }},
                   {"--ignore-inode", nullptr, [&] { options.ignore_inode = true; }},
                   {"--ignore-ctime", nullptr, [&] { options.ignore_ctime = true; }},
                   {"--force", nullptr, [&] { options.force = true; }},
                   {"-f", nullptr, [&] { options.force = true; }},
                   {"--with-atime", nullptr, [&] { options.with_atime = true; }},
               });
}

Unused apply_restore_arguments(const std::vector<std::string>& args, engine::RestoreOptions& options,
                               engine::TagFilter& tags) {
  return apply(args,
               {
                   {"--tag", [&](const std::string& v) { tags.add(v); }, nullptr},
                   {"--include", [&](const std::string& v) { options.includes.push_back(v); }, nullptr},
                   {"--iinclude", [&](const std::string& v) { options.iincludes.push_back(v); }, nullptr},
                   {"--exclude", [&](const std::string& v) { options.excludes.push_back(v); }, nullptr},
                   {"--iexclude", [&](const std::string& v) { options.iexcludes.push_back(v); }, nullptr},
                   {"--verify", nullptr, [&] { options.verify = true; }},
                   {"--sparse", nullptr, [&] { options.sparse = true; }},
               });
}

}  // namespace stash::executor

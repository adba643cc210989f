#include "executor/rules.hpp"

#include <gtest/gtest.h>

#include "executor/arguments.hpp"
#include "executor/hooks.hpp"
#include "stash/base/error.hpp"

namespace stash::executor {
namespace {

using namespace std::chrono_literals;

api::RestoreRule rule(std::vector<std::string> hosts, std::vector<std::string> paths) {
  api::RestoreRule made;
  made.target_hosts = std::move(hosts);
  made.paths = std::move(paths);
  return made;
}

engine::Snapshot snapshot(std::string id, std::string host, std::vector<std::string> paths, int hour) {
  engine::Snapshot made;
  made.id = std::move(id);
  made.host = std::move(host);
  made.paths = std::move(paths);
  made.start = TimePoint(std::chrono::hours(hour));
  return made;
}

std::vector<std::string> ids(const std::vector<RestoreItem>& plan) {
  std::vector<std::string> out;
  for (const auto& item : plan) out.push_back(item.snapshot.id);
  return out;
}

const std::vector<engine::Snapshot> kSnapshots{
    snapshot("aaaa1111", "host-0", {"/data"}, 1), snapshot("aaaa2222", "host-0", {"/data"}, 3),
    snapshot("bbbb3333", "host-0", {"/logs"}, 2), snapshot("cccc4444", "host-1", {"/data"}, 4),
    snapshot("dddd5555", "host-0", {"/etc", "/srv"}, 1)};

TEST(RuleFor, TheRuleThatNamesTheHostWinsOverTheGeneralOne) {
  const std::vector rules{rule({}, {"/a"}), rule({"host-1"}, {"/b"}), rule({"host-1"}, {"/c"})};

  EXPECT_EQ(rule_for(rules, "host-1"), &rules[1]);
  EXPECT_EQ(rule_for(rules, "host-7"), &rules[0]);
  EXPECT_EQ(rule_for({rules[1]}, "host-7"), nullptr);
}

TEST(PlanRestore, TakesTheNewestSnapshotOfEachPath) {
  EXPECT_EQ(ids(plan_restore(rule({}, {"/data/", "/logs"}), "host-0", kSnapshots, {})),
            (std::vector<std::string>{"aaaa2222", "bbbb3333"}));
}

TEST(PlanRestore, TakesFromTheSourceHost) {
  auto from_other = rule({"host-3"}, {"/data"});
  from_other.source_host = "host-1";
  EXPECT_EQ(ids(plan_restore(from_other, "host-3", kSnapshots, {})), std::vector<std::string>{"cccc4444"});
}

TEST(PlanRestore, PassesOverIncompleteSnapshots) {
  auto snapshots = kSnapshots;
  snapshots[1].complete = false;
  EXPECT_EQ(ids(plan_restore(rule({}, {"/data"}), "host-0", snapshots, {})),
            std::vector<std::string>{"aaaa1111"});
}

TEST(PlanRestore, NamedSnapshotsOverridePaths) {
  auto named = rule({}, {"/logs"});
  named.snapshots = {"cccc4444", "2222", "latest"};
  EXPECT_EQ(ids(plan_restore(named, "host-0", kSnapshots, {})),
            (std::vector<std::string>{"cccc4444", "aaaa2222", "aaaa2222"}));
}

TEST(PlanRestore, OfASnapshotOfManyPathsOnlyTheWantedOneIsRestored) {
  const auto plan = plan_restore(rule({}, {"/srv"}), "host-0", kSnapshots, {});
  ASSERT_EQ(plan.size(), 1u);
  EXPECT_EQ(plan[0].includes, std::vector<std::string>{"/srv"});
}

TEST(PlanRestore, TagsRestrictTheChoice) {
  auto snapshots = kSnapshots;
  snapshots[0].tags = {"good"};
  engine::TagFilter good;
  good.add("good");
  EXPECT_EQ(ids(plan_restore(rule({}, {"/data"}), "host-0", snapshots, good)),
            std::vector<std::string>{"aaaa1111"});
}

ErrorKind failure(const api::RestoreRule& r) {
  try {
    plan_restore(r, "host-0", kSnapshots, {});
  } catch (const Error& e) {
    return e.kind();
  }
  return ErrorKind::Internal;
}

TEST(PlanRestore, WhatCannotBeMetIsAnError) {
  EXPECT_EQ(failure(rule({}, {"/none"})), ErrorKind::NotFound);
  EXPECT_EQ(failure(rule({}, {})), ErrorKind::Invalid);
  auto ambiguous = rule({}, {});
  ambiguous.snapshots = {"aaaa"};
  EXPECT_EQ(failure(ambiguous), ErrorKind::Invalid);
  auto missing = rule({}, {});
  missing.snapshots = {"eeee"};
  EXPECT_EQ(failure(missing), ErrorKind::NotFound);
}

TEST(Arguments, MapsResticsBackupFlags) {
  engine::BackupOptions options;
  const auto unused =
      apply_backup_arguments({"--tag=a,b", "--tag", "c", "--ignore-inode", "--exclude", "*.tmp", "-x",
                              "--no-scan", "--limit-upload", "100", "--strange"},
                             options);

  EXPECT_EQ(options.tags, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(options.excludes, std::vector<std::string>{"*.tmp"});
  EXPECT_TRUE(options.ignore_inode);
  EXPECT_TRUE(options.one_file_system);
  EXPECT_EQ(unused, (std::vector<std::string>{"--limit-upload 100", "--strange"}));
}

TEST(Arguments, MapsResticsRestoreFlags) {
  engine::RestoreOptions options;
  engine::TagFilter tags;
  const auto unused =
      apply_restore_arguments({"--tag=t1,t2", "--tag", "t3", "--include=/a", "--verify"}, options, tags);

  EXPECT_EQ(tags.lists, (std::vector<std::vector<std::string>>{{"t1", "t2"}, {"t3"}}));
  EXPECT_EQ(options.includes, std::vector<std::string>{"/a"});
  EXPECT_TRUE(options.verify);
  EXPECT_TRUE(unused.empty());
}

TEST(HookApplies, FollowsThePolicy) {
  using P = api::ExecutionPolicy;
  EXPECT_TRUE(hook_applies(P::Unset, true, 0));
  EXPECT_TRUE(hook_applies(P::Always, false, 0));
  EXPECT_TRUE(hook_applies(P::OnFailure, true, 1));
  EXPECT_FALSE(hook_applies(P::OnFailure, false, 1));
  EXPECT_FALSE(hook_applies(P::OnSuccess, true, 1));
  EXPECT_TRUE(hook_applies(P::OnFinalRetryFailure, true, 0));
  EXPECT_FALSE(hook_applies(P::OnFinalRetryFailure, true, 1));
}

TEST(ResolvePort, KnowsNumbersAndNamesOfContainers) {
  const auto pod =
      json::parse(R"({"spec":{"containers":[{"name":"a","ports":[{"name":"web","containerPort":80}]},
    {"name":"b","ports":[{"name":"web","containerPort":8080}]}]}})",
                  "pod");

  EXPECT_EQ(resolve_port(api::IntOrString{"81"}, pod, "a"), 81);
  EXPECT_EQ(resolve_port(api::IntOrString{"\"web\""}, pod, "b"), 8080);
  EXPECT_EQ(resolve_port(api::IntOrString{"\"web\""}, pod, ""), 80);
  EXPECT_THROW(resolve_port(api::IntOrString{"\"api\""}, pod, "a"), Error);
  EXPECT_THROW(resolve_port(api::IntOrString{"70000"}, pod, "a"), Error);
}

}  // namespace
}  // namespace stash::executor

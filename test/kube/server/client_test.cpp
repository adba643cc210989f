// The real client against a real API server.

#include <gtest/gtest.h>

#include "kube/server/with_server.hpp"

namespace stash::kube {
namespace {

using namespace std::chrono_literals;
using test::with_server;

TEST(RestClientOnServer, CreatesFindsAndRemoves) {
  with_server([](test::Server& s) -> Task<void> {
    const Ref ref(s.ns, "one");
    const auto before = co_await s.client.find(kConfigMap, ref);
    EXPECT_FALSE(before);
    const auto made = co_await s.client.create(kConfigMap, s.ns, test::config_map(ref, "a"));
    const auto found = co_await s.client.find(kConfigMap, ref);
    EXPECT_TRUE(found && uid_of(*found) == uid_of(made));
    EXPECT_EQ(json::text(*found, "data", "key"), "a");

    co_await s.client.remove(kConfigMap, ref, Propagation::Background, std::string(uid_of(made)));
    co_await s.client.remove(kConfigMap, ref, Propagation::Background, "");

    const auto after = co_await s.client.find(kConfigMap, ref);
    EXPECT_FALSE(after);
  });
}

TEST(RestClientOnServer, TellsFailuresApart) {
  with_server([](test::Server& s) -> Task<void> {
    const Ref ref(s.ns, "one");
    co_await s.client.create(kConfigMap, s.ns, test::config_map(ref, "a"));

    EXPECT_EQ(co_await test::kind_of(s.client.create(kConfigMap, s.ns, test::config_map(ref, "b"))),
              ErrorKind::Conflict);
    EXPECT_EQ(
        co_await test::kind_of(s.client.create(kConfigMap, "no-such-namespace", test::config_map(ref, "b"))),
        ErrorKind::Invalid);
    const Ref elsewhere("no-such-namespace", "one");
    EXPECT_EQ(
        co_await test::kind_of(s.client.create(kConfigMap, elsewhere.ns, test::config_map(elsewhere, "b"))),
        ErrorKind::NotFound);
    EXPECT_EQ(co_await test::kind_of(s.client.create(kConfigMap, s.ns, "{")), ErrorKind::Invalid);
    const Ref bad(s.ns, "Not_A_Name");
    EXPECT_EQ(co_await test::kind_of(s.client.create(kConfigMap, s.ns, test::config_map(bad, "b"))),
              ErrorKind::Invalid);
    PatchOptions merge;
    EXPECT_EQ(co_await test::kind_of(s.client.patch(kConfigMap, Ref(s.ns, "none"), "{}", merge)),
              ErrorKind::NotFound);
    EXPECT_EQ(co_await test::kind_of(s.client.remove(kConfigMap, ref, Propagation::Background,
                                                     "00000000-0000-0000-0000-000000000000")),
              ErrorKind::Conflict);
  });
}

TEST(RestClientOnServer, PatchesInEveryWay) {
  with_server([](test::Server& s) -> Task<void> {
    const Ref ref(s.ns, "web");
    co_await s.client.create(kDeployment, s.ns, test::deployment(ref));

    PatchOptions merge;
    const auto merged =
        co_await s.client.patch(kDeployment, ref, R"({"metadata":{"labels":{"how":"merge"}}})", merge);
    EXPECT_EQ(label_of(merged, "how"), "merge");

    PatchOptions strategic(PatchType::Strategic, "");
    const auto added = co_await s.client.patch(
        kDeployment, ref,
        R"({"spec":{"template":{"spec":{"containers":[{"name":"side","image":"busybox"}]}}}})", strategic);
    EXPECT_EQ(test::container_names(added), "side,app");

    PatchOptions json_patch(PatchType::Json, "");
    const auto dropped = co_await s.client.patch(
        kDeployment, ref, R"([{"op":"remove","path":"/metadata/labels/how"}])", json_patch);
    EXPECT_EQ(label_of(dropped, "how"), "");

    PatchOptions apply(PatchType::Apply, "");
    const auto applied = co_await s.client.patch(
        kDeployment, ref,
        R"({"apiVersion":"apps/v1","kind":"Deployment","spec":{"template":{"spec":{"containers":[{"name":"mine","image":"busybox"}]}}}})",
        apply);
    EXPECT_EQ(test::container_names(applied), "side,app,mine");
    const auto withdrawn =
        co_await s.client.patch(kDeployment, ref, R"({"apiVersion":"apps/v1","kind":"Deployment"})", apply);
    EXPECT_EQ(test::container_names(withdrawn), "side,app");

    PatchOptions rehearsal;
    rehearsal.dry_run = true;
    co_await s.client.patch(kDeployment, ref, R"({"spec":{"replicas":7}})", rehearsal);
    const auto after = co_await s.client.find(kDeployment, ref);
    EXPECT_EQ(json::integer(*after, "spec", "replicas"), 1);
  });
}

TEST(RestClientOnServer, ReplaceIsRefusedWhenTheObjectHasChanged) {
  with_server([](test::Server& s) -> Task<void> {
    const Ref ref(s.ns, "one");
    const auto first = co_await s.client.create(kConfigMap, s.ns, test::config_map(ref, "a"));
    PatchOptions merge;
    co_await s.client.patch(kConfigMap, ref, R"({"data":{"key":"b"}})", merge);

    const auto stale = co_await test::kind_of(s.client.replace(kConfigMap, ref, json::dump(first), ""));

    EXPECT_EQ(stale, ErrorKind::Conflict);
    const auto now = co_await s.client.find(kConfigMap, ref);
    co_await s.client.replace(kConfigMap, ref, json::dump(*now), "");
  });
}

TEST(RestClientOnServer, ListsInPages) {
  with_server([](test::Server& s) -> Task<void> {
    for (int i = 0; i < 7; ++i)
      co_await s.client.create(kSecret, s.ns,
                               test::secret(Ref(s.ns, fmt::format("s{}", i)), i % 2 ? "odd" : "even"));
    ListOptions options;
    options.ns = s.ns;
    options.limit = 3;
    std::vector<int> sizes;
    do {
      const auto page = co_await s.client.list(kSecret, options);
      sizes.push_back(static_cast<int>(json::find(page, "items")->Size()));
      options.continue_token = json::text(page, "metadata", "continue");
    } while (!options.continue_token.empty());
    EXPECT_EQ(sizes, (std::vector{3, 3, 1}));

    ListOptions odd;
    odd.ns = s.ns;
    odd.label_selector = "parity=odd";
    const auto some = co_await s.client.list(kSecret, odd);
    EXPECT_EQ(json::find(some, "items")->Size(), 3u);
    ListOptions by_name;
    by_name.ns = s.ns;
    by_name.field_selector = "metadata.name=s4";
    const auto one = co_await s.client.list(kSecret, by_name);
    EXPECT_EQ(json::find(one, "items")->Size(), 1u);
  });
}

TEST(RestClientOnServer, WatchesFromAVersion) {
  with_server([](test::Server& s) -> Task<void> {
    ListOptions options;
    options.ns = s.ns;
    const auto page = co_await s.client.list(kConfigMap, options);
    options.resource_version = json::text(page, "metadata", "resourceVersion");
    const Ref ref(s.ns, "watched");
    co_await s.client.create(kConfigMap, s.ns, test::config_map(ref, "a"));
    PatchOptions merge;
    co_await s.client.patch(kConfigMap, ref, R"({"data":{"key":"b"}})", merge);
    co_await s.client.remove(kConfigMap, ref, Propagation::Background, "");

    auto stream = co_await s.client.watch(kConfigMap, options);

    for (const EventType wanted : {EventType::Added, EventType::Modified, EventType::Deleted}) {
      const auto event = co_await stream->read();
      EXPECT_TRUE(event && event->type == wanted && ref_of(event->object) == ref);
    }
  });
}

TEST(RestClientOnServer, AWrongTokenIsDenied) {
  with_server([](test::Server& s) -> Task<void> {
    Config config = s.config;
    config.tls.client_cert_pem.clear();
    config.tls.client_key_pem = Secret();
    config.authorization = Secret("Bearer nonsense");
    RestClient stranger(config, s.timers, s.random, s.pool);

    EXPECT_EQ(co_await test::kind_of(stranger.find(kConfigMap, Ref(s.ns, "x"))), ErrorKind::Denied);
  });
}

TEST(RestClientOnServer, AServerThatCannotBeTrustedIsDenied) {
  with_server([](test::Server& s) -> Task<void> {
    Config config = s.config;
    config.tls.server_name = "elsewhere.example.com";
    RestClient client(config, s.timers, s.random, s.pool);

    EXPECT_EQ(co_await test::kind_of(client.find(kConfigMap, Ref(s.ns, "x"))), ErrorKind::Denied);
  });
}

TEST(RestClientOnServer, StatusIsWrittenByItsSubresourceOnly) {
  with_server([](test::Server& s) -> Task<void> {
    const Ref ref(s.ns, "web");
    co_await s.client.create(kReplicationController, s.ns, test::replication_controller(ref));
    int calls = 0;
    StatusChange change = [&calls](const json::Value& object) -> std::optional<std::string> {
      ++calls;
      if (json::integer(object, "status", "observedGeneration") == 77) return std::nullopt;
      return R"({"replicas":0,"observedGeneration":77})";
    };

    const auto written = co_await update_status(s.client, kReplicationController, ref, change);
    const auto again = co_await update_status(s.client, kReplicationController, Ref(s.ns, "none"), change);

    EXPECT_TRUE(written && json::integer(*written, "status", "observedGeneration") == 77);
    EXPECT_FALSE(again);
    EXPECT_GE(calls, 1);
  });
}

TEST(RestClientOnServer, EventsOfTheSameWordsAreCounted) {
  with_server([](test::Server& s) -> Task<void> {
    const auto object = co_await s.client.create(kConfigMap, s.ns, test::config_map(Ref(s.ns, "one"), "a"));
    EventRecorder recorder(s.client, s.timers, "stash-test", "pod-1");
    for (int i = 0; i < 3; ++i) {
      EventSubject subject(kConfigMap, object);
      co_await recorder.record(std::move(subject), Severity::Warning, "Tested", "It was tested.");
    }
    EventSubject subject(kConfigMap, object);
    co_await recorder.record(std::move(subject), Severity::Normal, "Tested", "Other words.");

    ListOptions options;
    options.ns = s.ns;
    const auto events = co_await s.client.list(kEvent, options);
    std::vector<std::int64_t> counts;
    for (const auto& event : json::find(events, "items")->GetArray())
      if (json::text(event, "involvedObject", "name") == "one")
        counts.push_back(json::integer(event, "count").value_or(0));
    std::ranges::sort(counts);
    EXPECT_EQ(counts, (std::vector<std::int64_t>{1, 3}));
  });
}

TEST(RestClientOnServer, OwnedObjectsGoWithTheirOwner) {
  with_server([](test::Server& s) -> Task<void> {
    const auto owner = co_await s.client.create(kConfigMap, s.ns, test::config_map(Ref(s.ns, "owner"), "a"));
    const Ref child(s.ns, "child");
    const auto made = co_await s.client.create(kConfigMap, s.ns, test::config_map(child, "b"));
    const std::string entry = owner_reference(kConfigMap, owner, true).json();
    PatchOptions merge;
    const auto adopted = co_await s.client.patch(
        kConfigMap, child, fmt::format(R"({{"metadata":{{"ownerReferences":[{}]}}}})", entry), merge);
    EXPECT_TRUE(is_owned_by(adopted, uid_of(owner)));

    co_await s.client.remove(kConfigMap, Ref(s.ns, "owner"), Propagation::Foreground, "");

    for (int i = 0; i < 300; ++i) {
      const auto left = co_await s.client.find(kConfigMap, child);
      if (!left) co_return;
      co_await s.timers.sleep(100ms);
    }
    ADD_FAILURE() << "the dependant was not collected within 30 s";
  });
}

}  // namespace
}  // namespace stash::kube

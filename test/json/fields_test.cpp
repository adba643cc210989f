#include "stash/json/fields.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stash/json/read.hpp"
#include "stash/json/schema.hpp"

namespace stash::json {
namespace {

enum class Order { Unset, First, Last };

struct Target {
  std::string path;
  std::vector<std::string> exclude;
  static constexpr auto fields() {
    return std::tuple{
        Field{"path", &Target::path, "Absolute path.", {.required = true, .min_length = 1, .max_length = 8}},
        Field{"exclude", &Target::exclude, "Patterns left out.", {.max_items = 2, .item_max_length = 3}}};
  }
};

struct Spec {
  std::string name;
  std::optional<std::int32_t> limit;
  std::int64_t count = 0;
  bool prune = false;
  std::optional<bool> known;
  Order order = Order::Unset;
  std::vector<Target> targets;
  std::map<std::string, std::string> labels;
  std::optional<GoDuration> wait;
  std::optional<TimePoint> at;
  Raw anything;
  IntOrString port;
  std::optional<Target> nested;
  static constexpr auto fields() {
    return std::tuple{Field{"name", &Spec::name, "Name of it.", {.required = true, .pattern = "^[a-z]+$"}},
                      Field{"limit", &Spec::limit, "How many.", {.min = 1, .max = 9, .fallback = "3"}},
                      Field{"count", &Spec::count, "How many there are."},
                      Field{"prune", &Spec::prune, "Whether to prune.", {.required = true}},
                      Field{"known", &Spec::known, "Whether it is known."},
                      Field{"order", &Spec::order, "Which order."},
                      Field{"targets", &Spec::targets, "What to back up."},
                      Field{"labels", &Spec::labels, "Labels of it."},
                      Field{"wait", &Spec::wait, "How long."},
                      Field{"at", &Spec::at, "When it was."},
                      Field{"anything", &Spec::anything, "Any object."},
                      Field{"port", &Spec::port, "A port."},
                      Field{"nested", &Spec::nested, "One more."}};
  }
  static constexpr auto rules() { return std::to_array<Cel>({{"self.count < 5", "count must be below 5"}}); }
};

}  // namespace
}  // namespace stash::json

template <>
inline constexpr auto stash::json::names<stash::json::Order> =
    std::to_array<std::pair<stash::json::Order, std::string_view>>({
        {stash::json::Order::Unset, ""},
        {stash::json::Order::First, "First"},
        {stash::json::Order::Last, "Last"},
    });

namespace stash::json {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Reading {
  Spec spec;
  Faults faults;
};

Reading read_spec(std::string_view text) {
  Reading out;
  const Document document = parse(text, "test");
  const Path root{nullptr, "spec"};
  read(document, out.spec, root, {}, out.faults);
  return out;
}

constexpr std::string_view kFull =
    R"({"name":"a","limit":5,"count":7,"prune":true,"known":false,"order":"Last","targets":[{"path":"/d","exclude":["*.o"]}],)"
    R"("labels":{"k":"v"},"wait":"1h30m0s","at":"2026-01-31T08:00:00Z","anything":{"deep":[1,{"x":null}]},"port":8080,)"
    R"("nested":{"path":"/n"}})";

TEST(Fields, ReadWhatTheyWrite) {
  const Reading reading = read_spec(kFull);

  EXPECT_THAT(reading.faults, IsEmpty());
  EXPECT_EQ(reading.spec.limit, 5);
  EXPECT_EQ(reading.spec.order, Order::Last);
  EXPECT_EQ(reading.spec.wait->value, std::chrono::minutes(90));
  EXPECT_EQ(reading.spec.anything.text, R"({"deep":[1,{"x":null}]})");
  EXPECT_EQ(to_text(reading.spec), kFull);
}

TEST(Fields, LeaveOutWhatIsEmptyButNotWhatIsRequired) {
  EXPECT_EQ(to_text(Spec{}), R"({"name":"","prune":false})");
}

TEST(Fields, KeepAnEmptyObjectThatSomebodyWrote) {
  const std::string text = R"({"name":"a","prune":false,"anything":{}})";
  EXPECT_EQ(to_text(read_spec(text).spec), text);
}

TEST(Fields, TakeNullAsAbsentAndPassOverUnknownKeys) {
  const Reading reading =
      read_spec(R"({"name":"a","prune":true,"limit":null,"targets":null,"nobody":{"knows":1}})");
  EXPECT_THAT(reading.faults, IsEmpty());
  EXPECT_EQ(reading.spec.limit, std::nullopt);
}

TEST(Fields, TellEveryFaultWithItsPlace) {
  const Reading reading = read_spec(
      R"({"limit":0,"count":"many","prune":"yes","order":"Middle","targets":[{"path":"/a"},{"exclude":[3]},7],)"
      R"("labels":{"k":1},"wait":"soon","at":"yesterday","anything":[],"port":1.5,"nested":{"path":""}})");

  EXPECT_THAT(
      reading.faults,
      ElementsAre("spec.name: is required", "spec.limit: 0 is out of range", "spec.count: want an integer",
                  "spec.prune: want true or false", "spec.order: is \"Middle\", want one of First, Last",
                  "spec.targets[1].path: is required", "spec.targets[1].exclude[0]: want a string",
                  "spec.targets[2]: want an object", "spec.labels.k: want a string",
                  "spec.wait: \"soon\" is not a duration such as 30m or 1h30m",
                  "spec.at: \"yesterday\" is not a time such as 2026-01-31T08:00:00Z",
                  "spec.anything: want an object", "spec.port: want an integer or a string",
                  "spec.nested.path: must not be empty"));
}

TEST(Fields, BoundListsAndTextsBeforeTheyAreKept) {
  const Reading reading = read_spec(
      R"({"name":"a","prune":true,"targets":[{"path":"/123456789","exclude":["1","2","3"]},{"path":"/","exclude":["1234"]}]})");
  EXPECT_THAT(reading.faults, ElementsAre("spec.targets[0].path: is longer than 8 characters",
                                          "spec.targets[0].exclude: has 3 items, at most 2 are allowed",
                                          "spec.targets[1].exclude[0]: is longer than 3 characters"));
}

TEST(Fields, CountCharactersAndNotBytes) {
  EXPECT_THAT(
      read_spec(
          R"({"name":"a","prune":true,"targets":[{"path":"/\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9"}]})")
          .faults,
      IsEmpty());
}

TEST(Fields, RefuseAnIntegerThatDoesNotFit) {
  EXPECT_THAT(read_spec(R"({"name":"a","prune":true,"limit":4294967299})").faults,
              ElementsAre("spec.limit: 4294967299 is out of range"));
}

TEST(Fields, RefuseWhatNestsTooDeepWhereverItStands) {
  const std::string deep = std::string(500, '[') + std::string(500, ']');
  const Document document =
      parse_any_depth(fmt::format(R"({{"name":{0},"prune":true,"order":{0},"wait":{0},"at":{0},"port":{0},)"
                                  R"("anything":{{"x":{0}}},"nobody":{0}}})",
                                  deep),
                      "answer");
  Spec spec;
  Faults faults;

  read(document, spec, Path{nullptr, "spec"}, {}, faults);

  EXPECT_THAT(faults,
              ElementsAre("spec.name: want a string", "spec.order: is an array, want one of First, Last",
                          "spec.wait: an array is not a duration such as 30m or 1h30m",
                          "spec.at: an array is not a time such as 2026-01-31T08:00:00Z",
                          "spec.anything: nests deeper than 100", "spec.port: want an integer or a string"));
}

TEST(Fields, WriteTextThatIsNotUtf8WithAReplacement) {
  Spec spec;
  spec.name = "\xFF";
  spec.labels["\xFE"] = "v";

  EXPECT_EQ(to_text(spec), "{\"name\":\"\xEF\xBF\xBD\",\"prune\":false,\"labels\":{\"\xEF\xBF\xBD\":\"v\"}}");
}

TEST(Fields, KeepTheSortOfAnIntOrString) {
  EXPECT_EQ(read_spec(R"({"name":"a","prune":true,"port":80})").spec.port.text, "80");
  EXPECT_EQ(read_spec(R"({"name":"a","prune":true,"port":"80"})").spec.port.text, "\"80\"");
  EXPECT_EQ(read_spec(R"({"name":"a","prune":true,"port":"ht\"tp"})").spec.port.str(), "ht\"tp");
}

std::string schema_text() {
  rapidjson::StringBuffer buffer;
  Writer w(buffer);
  w.StartObject();
  schema<Spec>(w);
  w.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

TEST(Fields, DescribeThemselvesAsASchema) {
  const Document schema = parse(schema_text(), "schema");
  const auto property = [&](const char* name) { return dump(*find(schema, "properties", name)); };

  EXPECT_EQ(text(schema, "type"), "object");
  EXPECT_EQ(dump(*find(schema, "required")), R"(["name","prune"])");
  EXPECT_EQ(property("name"), R"({"description":"Name of it.","type":"string","pattern":"^[a-z]+$"})");
  EXPECT_EQ(
      property("limit"),
      R"({"description":"How many.","type":"integer","format":"int32","minimum":1,"maximum":9,"default":3})");
  EXPECT_EQ(property("order"), R"({"description":"Which order.","type":"string","enum":["First","Last"]})");
  EXPECT_EQ(property("labels"),
            R"({"description":"Labels of it.","type":"object","additionalProperties":{"type":"string"}})");
  EXPECT_EQ(property("at"), R"({"description":"When it was.","type":"string","format":"date-time"})");
  EXPECT_EQ(property("anything"),
            R"({"description":"Any object.","type":"object","x-kubernetes-preserve-unknown-fields":true})");
  EXPECT_EQ(property("port"), R"({"description":"A port.","x-kubernetes-int-or-string":true})");
  EXPECT_EQ(
      dump(*find(schema, "properties", "targets", "items", "properties", "exclude")),
      R"({"description":"Patterns left out.","type":"array","maxItems":2,"items":{"type":"string","maxLength":3}})");
  EXPECT_EQ(dump(*find(schema, "x-kubernetes-validations")),
            R"([{"rule":"self.count < 5","message":"count must be below 5"}])");
}

struct Twice {
  std::string a;
  static constexpr auto fields() {
    return std::tuple{Field{"a", &Twice::a, "One field."}, Field{"a", &Twice::a, "Once more."}};
  }
};
struct Undocumented {
  std::string a;
  static constexpr auto fields() { return std::tuple{Field{"a", &Undocumented::a, ""}}; }
};

TEST(Fields, ProveTheirTableWhenCompiled) {
  static_assert(table_is_sound<Spec>());
  static_assert(!table_is_sound<Twice>());
  static_assert(!table_is_sound<Undocumented>());
}

}  // namespace
}  // namespace stash::json

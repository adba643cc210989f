#include "executor/template.hpp"

#include <gtest/gtest.h>

#include "stash/base/error.hpp"

namespace stash::executor {
namespace {

using Map = TemplateValue::Map;

TemplateValue data() {
  Map status{{"Phase", "Failed"}, {"Error", "disk \"full\""}, {"Duration", "3s"}};
  return Map{
      {"Name", "nightly-1"}, {"Namespace", "demo"}, {"Status", status}, {"RetryLeft", std::int64_t{2}}};
}

std::string render(std::string_view text) { return render_template(text, data()); }

TEST(Template, LeavesPlainTextAndTrimsTheResult) {
  EXPECT_EQ(render("  plain { text } \n"), "plain { text }");
}

TEST(Template, PrintsFieldsAndNothingForMissingOnes) {
  EXPECT_EQ(render("{{ .Namespace }}/{{.Name}} {{ .Status.Phase }}[{{ .Status.None.Deep }}]"),
            "demo/nightly-1 Failed[]");
}

TEST(Template, TrimMarkersEatBlanksAround) { EXPECT_EQ(render("a \n {{- .Name -}} \n b"), "anightly-1b"); }

TEST(Template, ChoosesABranch) {
  const std::string_view text =
      "{{ if eq .Status.Phase \"Succeeded\" }}ok{{ else if gt .RetryLeft 1 }}again{{ else }}no{{ end }}";
  EXPECT_EQ(render(text), "again");
  EXPECT_EQ(render("{{if .None}}a{{if true}}b{{end}}{{else}}c{{end}}d"), "cd");
}

TEST(Template, DoesNotEvaluateABranchThatIsNotTaken) {
  EXPECT_EQ(render("{{ if false }}{{ noSuchFunction }}{{ end }}x"), "x");
}

TEST(Template, RendersTheSlackExample) {
  const std::string_view text = R"({{- $msg := dict "type" "mrkdwn" "text" (printf "Backup %s of %s: %s" )"
                                R"(.Status.Phase .Name (.Status.Error | default "none")) -}}
{{- $block := dict "type" "section" "text" $msg -}}
{"blocks": [{{ toJson $block }}]})";
  EXPECT_EQ(render(text), R"({"blocks": [{"text":{"text":"Backup Failed of nightly-1: disk \"full\"",)"
                          R"("type":"mrkdwn"},"type":"section"}]})");
}

TEST(Template, PipesAndFunctionsCompose) {
  EXPECT_EQ(render(R"({{ .Name | upper | replace "-" "_" | quote }})"), R"("NIGHTLY_1")");
  EXPECT_EQ(render(R"({{ join "," (list "a" 1 true) }} {{ len "abc" }} {{ index (dict "k" "v") "k" }})"),
            "a,1,true 3 v");
  EXPECT_EQ(render(R"({{ and .Name (not .None) }} {{ or .None "x" }} {{ $.Name | hasPrefix "night" }})"),
            "true x true");
  EXPECT_EQ(render("{{ `raw }} text` }}{{/* a \"comment */}}"), "raw }} text");
}

TEST(Template, VariablesCanChange) {
  EXPECT_EQ(render(R"({{ $a := "1" }}{{ if true }}{{ $a = "2" }}{{ end }}{{ $a }})"), "2");
}

TEST(Template, NamesWhatItDoesNotUnderstand) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases{
      {"{{ .Name", "}}"},
      {"{{ env \"HOME\" }}", "env"},
      {"{{ range .List }}{{ end }}", "range"},
      {"{{ if .Name }}", "end"},
      {"{{ end }}", "if"},
      {"{{ $x }}", "$x"},
      {"{{ \"open }}", "}}"},
      {"{{ printf \"%f\" 1 }}", "%f"},
      {"{{ (eq 1 1 }}", "')'"},
      {"{{ lt 1 \"a\" }}", "lt"},
      {"{{ .Name .Name }}", "value"},
      {"{{ dict \"a\" }}", "dict"},
      {"{{ 1 | }}", "operand"},
  };
  for (const auto& [text, word] : cases) {
    try {
      render(text);
      ADD_FAILURE() << text;
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::Invalid);
      EXPECT_NE(std::string(e.what()).find(word), std::string::npos) << text << " -> " << e.what();
    }
  }
}

TEST(Template, DeepNestingIsRefused) {
  const std::string text = "{{ " + std::string(1000, '(') + "1" + std::string(1000, ')') + " }}";
  EXPECT_THROW(render(text), Error);
}

}  // namespace
}  // namespace stash::executor

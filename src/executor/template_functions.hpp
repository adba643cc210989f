#pragma once

#include <string>
#include <vector>

#include "executor/template.hpp"

namespace stash::executor {

/// Throws Error(Invalid) that names a function that is not known, or one whose arguments do not fit.
TemplateValue call_template_function(const std::string& name, std::vector<TemplateValue> arguments);

}  // namespace stash::executor

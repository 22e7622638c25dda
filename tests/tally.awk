# Counts what a lane of `./hocket test` ran: reads meson's testlog-*.json, a line for each test, and prints for each
# `count PASSED FAILED SKIPPED`, and `why TEXT` for what did not pass. A doctest program counts by its test cases.
# -v lane=NAME names the lane in the text.

# The value of a string field up to the quote that ends it (quotes inside are escaped).
function field(text, key,    at, value) {
    at = index(text, "\"" key "\": \"")
    if (!at) return ""
    value = " " substr(text, at + length(key) + 5)
    return match(value, /[^\\]"/) ? substr(value, 2, RSTART - 1) : ""
}

{
    # What the test printed cannot hold this mark: its quotes are escaped.
    mark = index($0, "\", \"result\": \"")
    name = field($0, "name")
    result = field(substr($0, mark), "result")
    of_filter = substr($0, mark) ~ /"--?(dt-)?(tc|tce|ts|tse|test-case|test-suite)/

    passed = failed = skipped = 0
    doctest = test_case = first_error = last = ""
    n = split(field($0, "stdout") "\\n" field(substr($0, mark), "stderr"), line, /\\n/)
    for (i = 1; i <= n; ++i) {
        if (line[i] ~ /^\[doctest\] test cases:/) doctest = line[i]
        else if (line[i] ~ /^TEST CASE: /) test_case = substr(line[i], 13)
        else if (line[i] ~ /(ERROR|FATAL|ERROR: AddressSanitizer|WARNING: ThreadSanitizer|runtime error):/ && first_error == "")
            first_error = (test_case == "" ? "" : "\"" test_case "\": ") line[i]
        if (line[i] != "") last = line[i]
    }
    if (doctest != "") {
        split(doctest, number, "|")
        passed = number[2] + 0
        failed = number[3] + 0
        skipped = of_filter ? 0 : number[4] + 0
    }

    if (result == "OK" || result == "EXPECTEDFAIL") {
        # A program that passes although doctest's last words are of failure has tested just that.
        if (doctest == "" || failed) { passed = 1; failed = skipped = 0 }
    } else if (result == "SKIP") {
        passed = failed = 0
        skipped = 1
        print "why SKIPPED " lane " " name ": " last
    } else {
        if (!failed) failed = 1
        reason = first_error == "" ? last : first_error
        print "why FAILED " lane " " name ": " tolower(result) (reason == "" ? "" : "; " reason)
    }
    if (skipped && result != "SKIP") print "why SKIPPED " lane " " name ": " skipped " test cases marked so"
    print "count", passed, failed, skipped
}

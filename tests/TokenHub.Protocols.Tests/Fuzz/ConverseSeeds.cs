using System.Text;

namespace TokenHub.Protocols.Tests.Fuzz;

/// <summary>Answers of Converse, as its frames come out of their framing.</summary>
internal static class ConverseSeeds
{
    private const string Text = """
        event: messageStart
        data: {"p":"abc","role":"assistant"}

        event: contentBlockDelta
        data: {"contentBlockIndex":0,"delta":{"text":"Hi \u00e9 \"there\""},"p":"a"}

        event: contentBlockStop
        data: {"contentBlockIndex":0}

        event: messageStop
        data: {"stopReason":"end_turn"}

        event: metadata
        data: {"metrics":{"latencyMs":812},"usage":{"inputTokens":8,"outputTokens":10,"totalTokens":18,"cacheReadInputTokens":2}}


        """;

    private const string Calls = """
        event: messageStart
        data: {"role":"assistant"}

        event: contentBlockDelta
        data: {"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"Hm"}}}

        event: contentBlockDelta
        data: {"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"U0lH"}}}

        event: contentBlockStop
        data: {"contentBlockIndex":0}

        event: contentBlockDelta
        data: {"contentBlockIndex":1,"delta":{"reasoningContent":{"redactedContent":"QUJD"}}}

        event: contentBlockStart
        data: {"contentBlockIndex":2,"start":{"toolUse":{"name":"get_weather","toolUseId":"tooluse_1"}}}

        event: contentBlockDelta
        data: {"contentBlockIndex":2,"delta":{"toolUse":{"input":"{\"city\":"}}}

        event: contentBlockDelta
        data: {"contentBlockIndex":2,"delta":{"toolUse":{"input":"\"Oslo\"}"}}}

        event: contentBlockStop
        data: {"contentBlockIndex":2}

        event: contentBlockStart
        data: {"contentBlockIndex":3,"start":{"toolUse":{"name":"answer","toolUseId":"tooluse_2"}}}

        event: contentBlockStop
        data: {"contentBlockIndex":3}

        event: messageStop
        data: {"stopReason":"tool_use"}

        event: metadata
        data: {"usage":{"inputTokens":8,"outputTokens":10,"totalTokens":18}}


        """;

    private const string Broken = """
        event: messageStart
        data: {"role":"assistant"}

        event: contentBlockDelta
        data: {"contentBlockIndex":0,"delta":{"text":"Half"}}

        event: error
        data: {"type":"error","error":{"type":"overloaded_error","message":"throttlingException: later"}}


        """;

    private const string Body = """
        {"metrics":{},"stopReason":"tool_use","output":{"message":{"role":"assistant","content":[{"reasoningContent":
        {"reasoningText":{"signature":"sig","text":"Hm \"a\""}}},{"reasoningContent":{"redactedContent":"QUJD"}},
        {"text":"Hi \u00e9"},{"toolUse":{"input":{"a": [1, "b\"c"]},"name":"f","toolUseId":"t1"}},
        {"toolUse":{"toolUseId":"t2","name":"g","input":{}}}]}},"usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3}}
        """;

    public static IEnumerable<byte[]> All() => new[] { Text, Calls, Broken, Body }.Select(Encoding.UTF8.GetBytes);
}

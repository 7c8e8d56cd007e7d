using System.Buffers;
using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;

namespace TokenHub.Protocols.Tests.Chat;

public sealed class CarrierStripTests
{
    private static readonly string Foreign = OpaqueCarrier.Write(new OpaqueItem(Dialect.Responses, "gpt", OpaqueKind.Reasoning, "enc+/==", "rs_1"));
    private static readonly string Own = OpaqueCarrier.Write(new OpaqueItem(Dialect.Anthropic, "claude", OpaqueKind.Reasoning, "sig+/\"=="));
    private static readonly string OtherFamily = OpaqueCarrier.Write(new OpaqueItem(Dialect.Gemini, "gemini", OpaqueKind.Call, "g"));

    public static TheoryData<Dialect, string, string> Bodies => new()
    {
        {
            Dialect.Anthropic,
            """{ "model":"claude-x", "messages":[ {"role":"assistant","content":[ {"type":"thinking","thinking":"a","signature":"FOREIGN"} , {"type":"text","text":"é \u00e9"} ]}, {"role":"user","content":"th1.x"}]}""",
            """{ "model":"claude-x", "messages":[ {"role":"assistant","content":[  {"type":"text","text":"é \u00e9"} ]}, {"role":"user","content":"th1.x"}]}"""
        },
        {
            Dialect.Anthropic,
            """{"messages":[{"content":[{"type":"text","text":"a"},{"type":"redacted_thinking","data":"FOREIGN"},{"signature":"FOREIGN","type":"thinking"}]}]}""",
            """{"messages":[{"content":[{"type":"text","text":"a"}]}]}"""
        },
        {
            Dialect.Anthropic,
            """{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"thinking","signature":"FOREIGN"},{"type":"redacted_thinking","data":"FOREIGN"}]},{"role":"user","content":"r"}]}""",
            """{"messages":[{"role":"user","content":"q"},{"role":"user","content":"r"}]}"""
        },
        {
            Dialect.Anthropic,
            """{"messages":[{"content":[{"type":"thinking","thinking":"a","signature":"OWN"},{"type":"tool_use","input":{"data":"FOREIGN"}}]}]}""",
            """{"messages":[{"content":[{"type":"thinking","thinking":"a","signature":"sig+/\"=="},{"type":"tool_use","input":{"data":"FOREIGN"}}]}]}"""
        },
        {
            Dialect.Responses,
            """{"input":[{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"OWN"},{"type":"message","content":"a"},{"type":"reasoning","encrypted_content":"gAAA"}]}""",
            """{"input":[{"type":"message","content":"a"},{"type":"reasoning","encrypted_content":"gAAA"}]}"""
        },
        {
            Dialect.Gemini,
            """{"contents":[{"parts":[{"functionCall":{"name":"f"}, "thoughtSignature":"FOREIGN"},{"thoughtSignature" : "OWN","text":"x"},{"thoughtSignature":"th1.broken"},{"thought_signature":"real"}]}]}""",
            """{"contents":[{"parts":[{"functionCall":{"name":"f"}},{"text":"x"},{},{"thought_signature":"real"}]}]}"""
        },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public void Foreign_carriers_go_with_what_they_stand_in_and_all_else_stays(Dialect dialect, string body, string left)
    {
        var written = Strip(dialect, "claude-x", Fill(body));

        Assert.Equal(Fill(left), written);
        using var document = JsonDocument.Parse(written);
    }

    [Fact]
    public void Own_item_of_another_family_is_foreign()
    {
        Assert.Equal(
            """{"p":[{"x":1}]}""", Strip(Dialect.Gemini, "gemma-3", $$"""{"p":[{"x":1,"thoughtSignature":"{{OtherFamily}}"}]}"""));
        Assert.Equal(
            """{"p":[{"x":1,"thoughtSignature":"g"}]}""",
            Strip(Dialect.Gemini, "gemini-3-pro", $$"""{"p":[{"x":1,"thoughtSignature":"{{OtherFamily}}"}]}"""));
    }

    [Fact]
    public void Body_without_carriers_needs_no_look()
    {
        Assert.False(CarrierStrip.IsNeeded(Dialect.Anthropic, """{"a":"xth1.","b":"th2."}"""u8));
        Assert.False(CarrierStrip.IsNeeded(Dialect.Chat, """{"a":"th1."}"""u8));
        Assert.True(CarrierStrip.IsNeeded(Dialect.Gemini, """{"a":"th1."}"""u8));
    }

    private static string Fill(string text) => text.Replace("FOREIGN", Foreign, StringComparison.Ordinal)
        .Replace("OWN", Own, StringComparison.Ordinal);

    private static string Strip(Dialect dialect, string model, string body)
    {
        var output = new ArrayBufferWriter<byte>();
        CarrierStrip.Write(dialect, model, Encoding.UTF8.GetBytes(body), output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}

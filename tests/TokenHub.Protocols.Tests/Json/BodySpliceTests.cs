using System.Buffers;
using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Tests.Json;

public sealed class BodySpliceTests
{
    private static string Splice(string body, string? model, bool includeUsage)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        Assert.True(RequestScanner.TryScan(Dialect.Chat, bytes, out var facts, out var fault), fault.Message);
        var writer = new ArrayBufferWriter<byte>();
        BodySplice.Write(bytes, facts, model, includeUsage, writer);
        var written = writer.WrittenSpan.ToArray();

        Assert.True(RequestScanner.TryScan(Dialect.Chat, written, out var after, out fault), fault.Message);
        Assert.Equal(model ?? facts.ReadModel(bytes), after.ReadModel(written));
        Assert.Equal(includeUsage || facts.IncludeUsage, after.IncludeUsage);
        return Encoding.UTF8.GetString(written);
    }

    [Theory]
    [InlineData("{\"model\":\"a\"}", "{\"model\":\"bb\"}")]
    [InlineData("{ \"x\" : 1.0 , \"model\" : \"\\u0061\" , \"y\":[ ] }",
        "{ \"x\" : 1.0 , \"model\" : \"bb\" , \"y\":[ ] }")]
    [InlineData("\n{\"m\\u006fdel\":\"a\",\"z\":\"model\"}\n", "\n{\"m\\u006fdel\":\"bb\",\"z\":\"model\"}\n")]
    public void Alias_takes_the_place_of_the_model_and_of_nothing_else(string body, string expected) =>
        Assert.Equal(expected, Splice(body, "bb", includeUsage: false));

    [Theory]
    [InlineData("q\"q", "q\\\"q")]
    [InlineData("b\\b", "b\\\\b")]
    [InlineData("é模😀", "é模😀")]
    public void Alias_is_escaped_as_json_demands(string alias, string written) =>
        Assert.Equal($"{{\"model\":\"{written}\"}}", Splice("{\"model\":\"a\"}", alias, includeUsage: false));

    [Theory]
    [InlineData("{\"model\":\"a\",\"stream\":true}",
        "{\"model\":\"a\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}")]
    [InlineData("{\"stream\": true ,\"model\":\"a\"}",
        "{\"stream\": true,\"stream_options\":{\"include_usage\":true} ,\"model\":\"a\"}")]
    [InlineData("{\"model\":\"a\",\"stream\":true,\"stream_options\":null}",
        "{\"model\":\"a\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}")]
    [InlineData("{\"stream_options\":{},\"model\":\"a\",\"stream\":true}",
        "{\"stream_options\":{\"include_usage\":true},\"model\":\"a\",\"stream\":true}")]
    [InlineData("{\"stream_options\":{ },\"model\":\"a\"}",
        "{\"stream_options\":{\"include_usage\":true },\"model\":\"a\"}")]
    [InlineData("{\"stream_options\":{ \"o\":1},\"model\":\"a\"}",
        "{\"stream_options\":{\"include_usage\":true, \"o\":1},\"model\":\"a\"}")]
    [InlineData("{\"stream_options\":{\"include_usage\":false,\"o\":[]},\"model\":\"a\"}",
        "{\"stream_options\":{\"include_usage\":true,\"o\":[]},\"model\":\"a\"}")]
    [InlineData("{\"stream_options\":{\"include_usage\": null},\"model\":\"a\"}",
        "{\"stream_options\":{\"include_usage\": true},\"model\":\"a\"}")]
    [InlineData("{\"stream_options\":{\"include_usage\":true},\"model\":\"a\"}",
        "{\"stream_options\":{\"include_usage\":true},\"model\":\"a\"}")]
    [InlineData(" {\"model\":\"a\"}", " {\"stream_options\":{\"include_usage\":true},\"model\":\"a\"}")]
    public void Usage_is_asked_for_where_it_was_not(string body, string expected) =>
        Assert.Equal(expected, Splice(body, null, includeUsage: true));

    [Theory]
    [InlineData("{\"model\":\"a\",\"stream\":true}",
        "{\"model\":\"b\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}")]
    [InlineData("{\"stream\":true,\"model\":\"a\",\"z\":0}",
        "{\"stream\":true,\"stream_options\":{\"include_usage\":true},\"model\":\"b\",\"z\":0}")]
    public void Both_are_spliced_in_either_order(string body, string expected) =>
        Assert.Equal(expected, Splice(body, "b", includeUsage: true));

    [Fact]
    public void Nothing_to_change_leaves_every_byte()
    {
        const string Body = " {\"model\" : \"a\\u0062\", \"n\": 1, "
            + "\"messages\":[{\"content\":\"\\ud83d\\ude00\"}] } \n";

        Assert.Equal(Body, Splice(Body, null, includeUsage: false));
    }
}

using System.Text.Json.Nodes;
using TokenHub.EndToEnd.Tests.Sdk.Clients;
using TokenHub.EndToEnd.Tests.Sdk.Upstream;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.EndToEnd.Tests.Sdk;

/// <summary>
/// The scripted upstream is what the SDKs take for their provider: they are tried on it without the product between.
/// </summary>
public sealed class SdkUpstreamTests : IAsyncDisposable
{
    private readonly ScriptedUpstream _upstream = ScriptedUpstream.Start();

    public SdkUpstreamTests()
    {
        _upstream.Default = SdkUpstream.Play;
    }

    [Theory]
    [InlineData("chat")]
    [InlineData("responses")]
    [InlineData("claude")]
    public async Task Sdk_takes_it_for_its_provider(string surface)
    {
        var client = Create(surface);

        var told = await client.AskAsync(SdkUpstream.ModelOf(surface, "text"), "direct");
        var streamed = await client.StreamAsync(
            SdkUpstream.ModelOf(surface, "text"), "direct", _ => { }, CancellationToken.None);
        var asked = await client.CallToolAsync(SdkUpstream.ModelOf(surface, "tool"), "direct", isStream: true);
        var answer = await client.SendResultAsync(SdkUpstream.ModelOf(surface, "tool"), asked, "42");

        Assert.Equal(new Told(string.Concat(SdkUpstream.Deltas), SdkUpstream.Usage), told);
        Assert.Equal(told, streamed);
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse(SdkUpstream.Tool.Arguments), JsonNode.Parse(asked.Call.Arguments)));
        Assert.Equal("The tool said: 42", answer);
    }

    [Theory]
    [InlineData("chat")]
    [InlineData("responses")]
    [InlineData("claude")]
    public async Task Sdk_notices_its_faults(string surface)
    {
        var client = Create(surface);

        foreach (var status in new[] { 400, 429, 500 })
        {
            var error = await Assert.ThrowsAnyAsync<Exception>(
                () => client.AskAsync(SdkUpstream.ModelOf(surface, $"{status}"), "direct"));
            Assert.Equal((status, true), (client.Read(error).Status, client.Read(error).IsOfTheSdk));
        }

        await Assert.ThrowsAnyAsync<Exception>(() => client.StreamAsync(
            SdkUpstream.ModelOf(surface, "cut"), "direct", _ => { }, CancellationToken.None));
    }

    public ValueTask DisposeAsync() => _upstream.DisposeAsync();

    private ISdkClient Create(string surface)
    {
        var record = new RecordingHandler();
        return surface switch
        {
            "chat" => new OpenAiChat(_upstream.Url, SdkUpstream.Key, record, retries: false),
            "responses" => new OpenAiResponses(_upstream.Url, SdkUpstream.Key, record, retries: false),
            _ => new AnthropicMessages(_upstream.Url, SdkUpstream.Key, record, retries: false),
        };
    }
}

using TokenHub.EndToEnd.Tests.Sdk.Clients;
using Xunit;

namespace TokenHub.EndToEnd.Tests.Sdk;

[Collection("sdk")]
public sealed class AnthropicMessagesTests(SdkFixture fixture) : SdkTests(fixture)
{
    protected override string Surface => "claude";

    private protected override ISdkClient Create(string baseUrl, string key, RecordingHandler record) =>
        new AnthropicMessages(baseUrl, key, record, retries: false);
}

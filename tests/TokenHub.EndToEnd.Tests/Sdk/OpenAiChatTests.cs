using TokenHub.EndToEnd.Tests.Sdk.Clients;
using Xunit;

namespace TokenHub.EndToEnd.Tests.Sdk;

[Collection("sdk")]
public sealed class OpenAiChatTests(SdkFixture fixture) : SdkTests(fixture)
{
    protected override string Surface => "chat";

    private protected override ISdkClient Create(string baseUrl, string key, RecordingHandler record) =>
        new OpenAiChat(baseUrl, key, record, retries: false);
}

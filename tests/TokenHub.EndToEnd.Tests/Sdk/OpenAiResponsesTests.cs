using TokenHub.EndToEnd.Tests.Sdk.Clients;
using Xunit;

namespace TokenHub.EndToEnd.Tests.Sdk;

[Collection("sdk")]
public sealed class OpenAiResponsesTests(SdkFixture fixture) : SdkTests(fixture)
{
    protected override string Surface => "responses";

    private protected override ISdkClient Create(string baseUrl, string key, RecordingHandler record) =>
        new OpenAiResponses(baseUrl, key, record, retries: false);
}

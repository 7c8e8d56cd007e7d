using System.Text.Json;
using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Routing;

[Trait("row", "B34")]
[Trait("needs", "redis")]
public sealed class GroupPathTests
{
    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":"hi"}]}""")]
    [InlineData("/v1/messages", """{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}""")]
    [InlineData("/v1beta/models/m:generateContent", """{"contents":[{"parts":[{"text":"hi"}]}]}""")]
    public async Task Group_of_others_answers_as_one_that_is_not_there(string path, string body)
    {
        await using var rig = await StartAsync();
        var caller = await rig.AddCallerAsync();

        using var closed = await caller.PostAsync("/gold" + path, body);
        using var absent = await caller.PostAsync("/none" + path, body);

        Assert.Equal((404, 404), ((int)closed.StatusCode, (int)absent.StatusCode));
        Assert.Equal(Words(await absent.JsonAsync()), Words(await closed.JsonAsync()));
        using var list = await caller.SendAsync(HttpMethod.Get, "/gold/v1/models");
        Assert.Equal(404, (int)list.StatusCode);
    }

    [Fact]
    public async Task Group_charges_its_factor_and_lists_its_models()
    {
        await using var rig = await StartAsync();
        var open = await rig.AddCallerAsync();

        using var plain = await open.PostAsync("/v1/chat/completions", Body);
        using var dear = await open.PostAsync("/dear/v1/chat/completions", Body);
        using var mixed = await open.SendAsync(HttpMethod.Get, "/v1/models");
        using var own = await open.SendAsync(HttpMethod.Get, "/dear/v1/models");

        var (one, two) = (await rig.RecordOfAsync(plain.RequestId()), await rig.RecordOfAsync(dear.RequestId()));
        Assert.Equal((1, 2), (one.Channel, two.Channel));
        Assert.Equal(new Usd(one.Cost.Units * 3 / 2), two.Cost);
        Assert.Equal(["m"], await NamesAsync(mixed));
        Assert.Equal(["m", "only-dear"], await NamesAsync(own));
    }

    private const string Body = """{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":50}""";

    private static async Task<GatewayRig> StartAsync()
    {
        var rig = await GatewayRig.StartAsync();
        var first = await rig.AddUpstreamAsync(Provider.OpenAi, ["m"]);
        var second = await rig.AddUpstreamAsync(Provider.OpenAi, ["m", "only-dear"], c => c with { Groups = ["dear"] });
        var third = await rig.AddUpstreamAsync(Provider.OpenAi, ["m"], c => c with { Groups = ["gold"] });
        foreach (var upstream in new[] { first, second, third })
        {
            upstream.Default = _ => ScriptedUpstreamScript.Answer(200, Dialects.Answer("chat"));
        }

        var channels = rig.Host.Rooms.Snapshots.Current.Settings.Channels;
        await rig.PublishAsync(Entries.Snapshot(channels, GatewayRig.Price) with
        {
            Groups =
            [
                new GroupEntry { Name = "dear", PriceFactorBp = 15_000, InCommon = false },
                new GroupEntry { Name = "gold", Accounts = [77] },
            ],
        });
        return rig;
    }

    private static string Words(JsonElement body) =>
        System.Text.RegularExpressions.Regex.Replace(body.GetRawText(), "\"request_id\":\"[^\"]*\"|req_[0-9a-zA-Z]+", "");

    private static async Task<List<string>> NamesAsync(HttpResponseMessage response) =>
    [
        .. (await response.JsonAsync()).GetProperty("data").EnumerateArray()
            .Select(model => model.GetProperty("id").GetString()!),
    ];
}

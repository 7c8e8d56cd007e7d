using TokenHub.Core.Money;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Reservation;

[Trait("needs", "redis")]
public sealed class MoneyRefusalTests(SharedRig shared) : IClassFixture<SharedRig>
{
    private static int _models;
    private readonly GatewayRig _rig = shared.Rig;

    public static TheoryData<string> AllDialects => Dialects.All;

    [Theory]
    [MemberData(nameof(AllDialects))]
    public async Task No_balance_is_refused_as_the_dialect_says_it_and_nothing_is_sent(string dialect)
    {
        var (model, upstream) = await AddAsync(dialect);
        var caller = await _rig.AddCallerAsync("0");

        using var response = await CallAsync(caller, dialect, model);

        var message = await Dialects.AssertErrorAsync(
            dialect, response, dialect == "messages" ? 402 : 429,
            Dialects.Word(dialect, "insufficient_quota", "billing_error", "RESOURCE_EXHAUSTED"));
        Assert.Contains("0.00000000 USD", message, StringComparison.Ordinal);
        Assert.Equal("false", response.Header("x-should-retry"));
        Assert.Null(response.Header("retry-after"));
        Assert.Empty(upstream.Requests);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Theory]
    [MemberData(nameof(AllDialects))]
    public async Task Spend_limit_of_the_key_is_refused_the_same_way(string dialect)
    {
        var (model, upstream) = await AddAsync(dialect);
        var caller = await _rig.AddCallerAsync(change: key => key with { SpendLimit = 10 });

        using var response = await CallAsync(caller, dialect, model);

        var message = await Dialects.AssertErrorAsync(
            dialect, response, dialect == "messages" ? 402 : 429,
            Dialects.Word(dialect, "insufficient_quota", "billing_error", "RESOURCE_EXHAUSTED"));
        Assert.Contains("spend limit", message, StringComparison.Ordinal);
        Assert.Empty(upstream.Requests);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Fact]
    public async Task Unknown_account_is_403_and_unknown_model_404_and_unpriced_model_400()
    {
        var (model, _) = await AddAsync("chat");
        var caller = await _rig.AddCallerAsync();
        var nobody = await _rig.AddCallerAsync(change: key => key with { Account = 999_999 });
        var narrow = await _rig.AddCallerAsync(change: key => key with { Models = ["else-*"] });

        using var account = await CallAsync(nobody, "chat", model);
        using var unknown = await CallAsync(caller, "chat", "nonesuch");
        using var scope = await CallAsync(narrow, "chat", model);

        await Dialects.AssertErrorAsync("chat", account, 403, "permission_error");
        await Dialects.AssertErrorAsync("chat", unknown, 404, "invalid_request_error");
        await Dialects.AssertErrorAsync("chat", scope, 403, "permission_error");
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Fact]
    public async Task Rate_limit_is_429_with_the_wait_that_it_takes()
    {
        var (model, upstream) = await AddAsync("chat");
        upstream.Default = _ => ScriptedUpstreamScript.Answer(200, Wire.ChatAnswer);
        var caller = await _rig.AddCallerAsync(change: key => key with { Rpm = 2 });

        using var first = await CallAsync(caller, "chat", model);
        using var second = await CallAsync(caller, "chat", model);
        using var third = await CallAsync(caller, "chat", model);

        Assert.Equal(200, (int)first.StatusCode);
        Assert.Equal(200, (int)second.StatusCode);
        await Dialects.AssertErrorAsync("chat", third, 429, "rate_limit_error");
        Assert.InRange(int.Parse(third.Header("retry-after")!, System.Globalization.CultureInfo.InvariantCulture), 1, 60);
    }

    [Fact]
    public async Task More_requests_at_once_than_allowed_are_429()
    {
        var (model, upstream) = await AddAsync("chat");
        var gate = new TaskCompletionSource();
        upstream.Default = _ => ScriptedUpstreamScript.Head(200, "content-type: application/json", $"content-length: {Wire.ChatAnswer.Length}")
            .WaitFor(gate.Task).Send(Wire.ChatAnswer);
        var caller = await _rig.AddCallerAsync(change: key => key with { MaxConcurrency = 1 });

        var first = CallAsync(caller, "chat", model);
        while (upstream.Requests.Count == 0)
        {
            await Task.Delay(5);
        }

        using var second = await CallAsync(caller, "chat", model);
        gate.SetResult();

        await Dialects.AssertErrorAsync("chat", second, 429, "rate_limit_error");
        Assert.Equal(200, (int)(await first).StatusCode);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Fact]
    public async Task Two_hundred_at_once_with_money_for_ten_never_go_below_zero()
    {
        var (model, upstream) = await AddAsync("chat");
        upstream.Default = _ => ScriptedUpstreamScript.Answer(200, Wire.ChatAnswer);
        var body = Wire.ChatBody.Replace("\"m\"", $"\"{model}\",\"max_tokens\":7", StringComparison.Ordinal);
        var cost = TariffMath.Cost(GatewayRig.Tariff, new TokenUsage { Input = 11, Output = 7 });
        var caller = await _rig.AddCallerAsync(
            new Usd(cost.Units * 10).ToString(), key => key with { UserMaxConcurrency = 1000 });

        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => caller.PostAsync("/v1/chat/completions", body)));

        var served = answers.Count(a => a.IsSuccessStatusCode);
        Assert.InRange(served, 1, 10);
        Assert.All(answers.Where(a => !a.IsSuccessStatusCode), a => Assert.Equal(429, (int)a.StatusCode));
        await _rig.AssertNothingHeldAsync(caller.Account);
        await _rig.RecordsOfAsync(caller.Account, served);
        Assert.Equal(caller.Balance.Units - (cost.Units * served), _rig.Plane.BalanceOf(caller.Account).Units);
    }

    private static Task<HttpResponseMessage> CallAsync(GatewayRig.Caller caller, string dialect, string model) => caller.PostAsync(
        Dialects.Path(dialect, model: model), Dialects.Body(dialect).Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal));

    private async Task<(string Model, ScriptedUpstream Upstream)> AddAsync(string dialect)
    {
        var model = $"money-{Interlocked.Increment(ref _models)}";
        return (model, await _rig.AddUpstreamAsync(Dialects.Provider(dialect), [model]));
    }

    [Fact]
    public async Task Caller_with_one_slot_who_calls_again_and_again_is_never_refused_for_the_call_before()
    {
        var (model, upstream) = await AddAsync("chat");
        upstream.Default = _ => ScriptedUpstreamScript.Answer(200, Dialects.Answer("chat"));
        var caller = await _rig.AddCallerAsync(change: key => key with { MaxConcurrency = 1 });
        for (var i = 0; i < 60; i++)
        {
            using var response = await CallAsync(caller, "chat", model);
            Assert.Equal(200, (int)response.StatusCode);
            await response.Content.ReadAsStringAsync();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Callers_who_share_a_limit_and_fill_it_are_never_refused(bool isStream)
    {
        const int Workers = 8;
        var (model, upstream) = await AddAsync("chat");
        upstream.Default = _ => isStream
            ? ScriptedUpstreamScript.Stream(Wire.ChatStream.Bytes(), 33)
            : ScriptedUpstreamScript.Answer(200, Wire.ChatAnswer);
        var body = (isStream ? Wire.ChatStreamBody : Wire.ChatBody).Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal);
        var caller = await _rig.AddCallerAsync(
            "1000", key => key with { UserMaxConcurrency = Workers, MaxConcurrency = Workers });

        await Task.WhenAll(Enumerable.Range(0, Workers).Select(async _ =>
        {
            for (var i = 0; i < 40; i++)
            {
                using var response = await caller.PostAsync("/v1/chat/completions", body);
                Assert.Equal(200, (int)response.StatusCode);
                await response.Content.ReadAsByteArrayAsync();
            }
        }));

        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Fact]
    public async Task Caller_whose_money_is_enough_for_each_call_is_never_refused_for_what_the_call_before_still_holds()
    {
        const int Calls = 12;
        var (model, upstream) = await AddAsync("chat");
        upstream.Default = _ => ScriptedUpstreamScript.Answer(200, Wire.ChatAnswer);

        // Each call holds 200 times what it costs, so only one hold at a time is covered.
        var body = Wire.ChatBody.Replace("\"m\"", $"\"{model}\",\"max_tokens\":1400", StringComparison.Ordinal);
        var cost = TariffMath.Cost(GatewayRig.Tariff, new TokenUsage { Input = 11, Output = 7 });
        var hold = TariffMath.Hold(GatewayRig.Tariff, 60, 1400);
        var caller = await _rig.AddCallerAsync(new Usd(hold.Units + (cost.Units * Calls)).ToString());

        for (var i = 0; i < Calls; i++)
        {
            using var response = await caller.PostAsync("/v1/chat/completions", body);
            Assert.Equal(200, (int)response.StatusCode);
        }

        await _rig.AssertNothingHeldAsync(caller.Account);
    }
}

using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Learned;
using TokenHub.Gateway.Reservation;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.Protocols.Json;
using Xunit;

namespace TokenHub.Gateway.Tests.Learned;

public sealed class OutputLengthsTests
{
    private readonly OutputLengths _lengths = new();

    [Fact]
    public void First_step_is_what_95_of_100_answers_stay_within_per_model_and_key()
    {
        Learn("m", 1, 300);
        Learn("m", 2, 3_000);

        Assert.InRange(_lengths.StepFor("m", 1, 512), 300, 380);
        Assert.InRange(_lengths.StepFor("m", 2, 512), 3_000, 3_800);
        Assert.Equal(512, _lengths.StepFor("m", 3, 512));
        Assert.Equal(512, _lengths.StepFor("other", 1, 512));
    }

    [Fact]
    public void First_step_is_never_tiny()
    {
        Learn("m", 1, 3);

        Assert.Equal(OutputLengths.StepTokensMin, _lengths.StepFor("m", 1, 512));
    }

    [Fact]
    public void Callers_own_limit_goes_before_what_was_learnt()
    {
        Learn("m", 1, 3_000);
        var body = """{"model":"m","max_tokens":200,"stream":true,"messages":[{"role":"user","content":"Hi"}]}""".Bytes();
        Assert.True(RequestScanner.TryScan(Dialect.Chat, body, out var facts, out _));
        var options = TestOptions.Create("/tmp");

        var estimate = CostEstimate.Of(facts, Dialect.Chat, true, false, _lengths.StepFor("m", 1, 512), options);

        Assert.Equal(200, estimate.StepTokens);
    }

    [Fact]
    public void Table_keeps_its_size_and_who_is_seen_often_stays()
    {
        Learn("m", 1, 300);
        for (var key = 2; key < 20_000; key++)
        {
            _lengths.Note("m", key, 10);
        }

        Assert.InRange(_lengths.StepFor("m", 1, 512), 300, 380);
    }

    [Fact]
    public void Many_threads_may_learn_at_once()
    {
        Parallel.For(0, 10_000, i => _lengths.Note("m", i % 7, 100 + (i % 50)));

        Assert.InRange(_lengths.StepFor("m", 3, 512), 128, 200);
    }

    private void Learn(string model, long key, int tokens)
    {
        for (var i = 0; i < 40; i++)
        {
            _lengths.Note(model, key, tokens);
        }
    }
}

using TokenHub.Core.Usage;
using TokenHub.Gateway.Metering;
using Xunit;

namespace TokenHub.Gateway.Tests.Metering;

public sealed class OutcomeTableTests
{
    [Theory]
    [InlineData(nameof(AnswerEnd.None), false, false, false, Outcome.UpstreamErrorBeforeContent)]
    [InlineData(nameof(AnswerEnd.None), false, true, true, Outcome.UpstreamErrorBeforeContent)]
    [InlineData(nameof(AnswerEnd.Proper), true, true, true, Outcome.Completed)]
    [InlineData(nameof(AnswerEnd.Proper), true, false, true, Outcome.Completed)]
    [InlineData(nameof(AnswerEnd.Proper), false, true, true, Outcome.Completed)]
    [InlineData(nameof(AnswerEnd.Proper), false, false, true, Outcome.Empty)]
    [InlineData(nameof(AnswerEnd.UpstreamError), true, false, false, Outcome.UpstreamErrorAfterContent)]
    [InlineData(nameof(AnswerEnd.UpstreamError), false, true, false, Outcome.UpstreamErrorBeforeContent)]
    [InlineData(nameof(AnswerEnd.UpstreamCut), true, true, false, Outcome.UpstreamErrorAfterContent)]
    [InlineData(nameof(AnswerEnd.UpstreamCut), false, false, false, Outcome.UpstreamErrorBeforeContent)]
    [InlineData(nameof(AnswerEnd.ClientGone), true, false, false, Outcome.ClientCut)]
    [InlineData(nameof(AnswerEnd.ClientGone), true, true, true, Outcome.Completed)]
    [InlineData(nameof(AnswerEnd.ClientGone), false, false, false, Outcome.ClientCancelled)]
    [InlineData(nameof(AnswerEnd.ClientGone), false, true, false, Outcome.ClientCancelled)]
    [InlineData(nameof(AnswerEnd.FundsExhausted), true, false, false, Outcome.FundsExhausted)]
    [InlineData(nameof(AnswerEnd.FundsExhausted), false, true, false, Outcome.FundsExhausted)]
    public void End_content_usage_and_end_mark_decide_the_outcome(
        string end, bool hadContent, bool hasUsage, bool wasWhole, Outcome outcome)
    {
        Assert.Equal(outcome, OutcomeTable.Of(Enum.Parse<AnswerEnd>(end), AttemptFault.None, hadContent, hasUsage, wasWhole));
    }

    [Fact]
    public void Every_class_has_its_row_in_the_table_for_readers()
    {
        var rows = File.ReadLines(Path.Combine(TestKit.Repository.Root, "gateway", "outcomes.md"))
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => line.Split('`')[1]);

        Assert.Superset(
            Enum.GetNames<Outcome>().Where(name => name != nameof(Outcome.None)).ToHashSet(), rows.ToHashSet());
    }

    [Fact]
    public void Every_end_has_an_outcome_that_is_stored()
    {
        foreach (var end in Enum.GetValues<AnswerEnd>())
        {
            for (var bits = 0; bits < 8; bits++)
            {
                Assert.NotEqual(Outcome.None, OutcomeTable.Of(end, AttemptFault.None, (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0));
            }
        }
    }
}

using TokenHub.Gateway.Channels.Circuits;
using TokenHub.Gateway.Forwarding.Failures;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.Protocols.Errors;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding.Failures;

/// <summary>Errors as providers write them, each with its class.</summary>
public sealed class FailureTableTests
{
    public static TheoryData<int, string, string> Errors => new()
    {
        // OpenAI
        { 401, """{"error":{"message":"Incorrect API key provided: sk-x.","type":"invalid_request_error","code":"invalid_api_key"}}""", "Credential" },
        { 401, """{"error":{"message":"You must be a member of an organization to use the API","type":"invalid_request_error","code":null}}""", "Credential" },
        { 403, """{"error":{"message":"Country, region, or territory not supported","code":"unsupported_country_region_territory"}}""", "Credential" },
        { 403, """{"error":{"message":"Project does not have access to model gpt-x","type":"invalid_request_error","code":"model_not_found"}}""", "ModelMissing" },
        { 404, """{"error":{"message":"The model `gpt-x` does not exist","type":"invalid_request_error","code":"model_not_found"}}""", "ModelMissing" },
        { 404, """{"error":{"message":"No such file","type":"invalid_request_error"}}""", "Caller" },
        { 429, """{"error":{"message":"You exceeded your current quota, please check your plan","type":"insufficient_quota","code":"insufficient_quota"}}""", "Quota" },
        { 429, """{"error":{"message":"Rate limit reached for gpt-x","type":"tokens","code":"rate_limit_exceeded"}}""", "Rate" },
        { 400, """{"error":{"message":"Billing hard limit has been reached","code":"billing_hard_limit_reached"}}""", "Quota" },
        { 400, """{"error":{"message":"Invalid 'temperature'","type":"invalid_request_error"}}""", "Caller" },
        { 413, """{"error":{"message":"Request too large","type":"invalid_request_error"}}""", "Caller" },
        { 500, """{"error":{"message":"The server had an error","type":"server_error"}}""", "Transient" },
        { 503, """{"error":{"message":"Slow Down","type":"server_error","code":"slow_down"}}""", "Overloaded" },

        // Anthropic
        { 401, """{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}""", "Credential" },
        { 403, """{"type":"error","error":{"type":"permission_error","message":"Your API key does not have permission"}}""", "Credential" },
        { 400, """{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."}}""", "Quota" },
        { 402, """{"type":"error","error":{"type":"billing_error","message":"x"}}""", "Quota" },
        { 429, """{"type":"error","error":{"type":"rate_limit_error","message":"x"}}""", "Rate" },
        { 529, """{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}""", "Overloaded" },
        { 500, """{"type":"error","error":{"type":"api_error","message":"Internal server error"}}""", "Transient" },
        { 404, """{"type":"error","error":{"type":"not_found_error","message":"model: claude-x"}}""", "ModelMissing" },
        { 400, """{"type":"error","error":{"type":"invalid_request_error","message":"messages: at least one message is required"}}""", "Caller" },

        // Google
        { 400, """{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}""", "Credential" },
        { 403, """{"error":{"code":403,"message":"x","status":"PERMISSION_DENIED","details":[{"reason":"CONSUMER_SUSPENDED"}]}}""", "Credential" },
        { 401, """{"error":{"code":401,"message":"x","status":"UNAUTHENTICATED"}}""", "Credential" },
        { 429, """{"error":{"code":429,"message":"x","status":"RESOURCE_EXHAUSTED","details":[{"violations":[{"quotaId":"GenerateRequestsPerMinutePerProjectPerModel"}]},{"retryDelay":"34.4s"}]}}""", "Rate" },
        { 429, """{"error":{"code":429,"message":"x","status":"RESOURCE_EXHAUSTED","details":[{"violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}]}}""", "Quota" },
        { 429, """[{"error":{"code":429,"message":"Resource has been exhausted","status":"RESOURCE_EXHAUSTED"}}]""", "Rate" },
        { 503, """{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}""", "Overloaded" },
        { 400, """{"error":{"code":400,"message":"* GenerateContentRequest.contents: contents is not specified","status":"INVALID_ARGUMENT"}}""", "Caller" },
        { 504, """{"error":{"code":504,"message":"Deadline expired","status":"DEADLINE_EXCEEDED"}}""", "Transient" },
        { 499, """{"error":{"code":499,"message":"The operation was cancelled.","status":"CANCELLED"}}""", "Transient" },

        // DeepSeek, Azure, Bedrock (as it is put into Anthropic's form), and those who resemble OpenAI
        { 402, """{"error":{"message":"Insufficient Balance","type":"unknown_error","code":"invalid_request_error"}}""", "Quota" },
        { 401, """{"error":{"message":"Authentication Fails (no such user)","type":"authentication_error"}}""", "Credential" },
        { 401, """{"error":{"code":"401","message":"Access denied due to invalid subscription key"}}""", "Credential" },
        { 404, """{"error":{"code":"DeploymentNotFound","message":"x"}}""", "ModelMissing" },
        { 429, """{"error":{"code":"429","message":"Requests have exceeded call rate limit"}}""", "Rate" },
        { 400, """{"type":"error","error":{"type":"rate_limit_error","message":"ThrottlingException"}}""", "Rate" },
        { 429, """{"error":{"message":"x","type":"exceeded_current_quota_error"}}""", "Quota" },
        { 429, """{"error":{"message":"x","type":"engine_overloaded_error"}}""", "Overloaded" },
        { 429, """{"error":{"code":"1113","message":"x"}}""", "Quota" },
        { 429, """{"error":{"code":"1302","message":"x"}}""", "Rate" },
        { 400, """{"error":{"code":"Arrearage","message":"x"}}""", "Quota" },
        { 429, """{"error":{"code":"Throttling.AllocationQuota","message":"x"}}""", "Rate" },
        { 403, """{"error":{"code":403,"message":"flagged","metadata":{"reasons":["violence"],"flagged_input":"x"}}}""", "Caller" },
        { 402, """{"error":{"code":402,"message":"Insufficient credits"}}""", "Quota" },
        { 429, """{"message":"Requests rate limit exceeded"}""", "Rate" },

        // Without words
        { 401, "", "Credential" }, { 402, "", "Quota" }, { 403, "<html>blocked</html>", "Transient" },
        { 408, "", "Transient" }, { 425, "", "Transient" }, { 429, "", "Rate" }, { 500, "oops", "Transient" },
        { 502, "", "Transient" }, { 503, "", "Overloaded" }, { 504, "", "Transient" }, { 520, "", "Transient" },
        { 529, "", "Overloaded" }, { 301, "", "Transient" }, { 400, "", "Caller" }, { 422, "", "Caller" },

        // In a stream, after status 200
        { 200, """{"error":{"type":"overloaded_error","message":"x"}}""", "Overloaded" },
        { 200, """{"error":{"type":"server_error","message":"boom"}}""", "Transient" },
        { 200, """{"error":{"code":"rate_limit_exceeded","message":"x"}}""", "Rate" },
        { 200, """{"error":{"code":"insufficient_quota","message":"x"}}""", "Quota" },
        { 200, """{"error":{"code":"context_length_exceeded","message":"x"}}""", "Caller" },
        { 200, """{"error":{"type":"invalid_request_error","message":"x"}}""", "Caller" },
    };

    [Theory]
    [MemberData(nameof(Errors))]
    [Trait("row", "A23")]
    public void Error_is_of_its_class(int status, string body, string expected)
    {
        var bytes = body.Bytes();

        Assert.Equal(expected, FailureTable.Of(status, ReportedError.Parse(bytes), GoogleDetails.Parse(bytes)).ToString());
    }

    [Theory]
    [InlineData("Invalid value: 'insufficient_quota'. Supported values are ...")]
    [InlineData("The model `invalid_api_key` is not known. API key not valid.")]
    [InlineData("'Your credit balance is too low' is not a valid role")]
    public void Caller_cannot_name_a_channel_dead_by_what_the_upstream_quotes(string message)
    {
        var bytes = ("""{"error":{"type":"invalid_request_error","message":""" + $"\"{message}\"}}}}").Bytes();

        Assert.Equal(FailureClass.Caller, FailureTable.Of(400, ReportedError.Parse(bytes), GoogleDetails.Parse(bytes)));
    }
}

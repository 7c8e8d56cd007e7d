using System.Text;
using TokenHub.Gateway.Affinity;
using Xunit;

namespace TokenHub.Gateway.Tests.Affinity;

public sealed class SessionTextTests
{
    [Theory]
    [InlineData("""{"device_id":"d","account_uuid":"","session_id":"9f1c"}""", "9f1c")]
    [InlineData("""{"session_id" : "a b", "device_id":"d"}""", "a b")]
    [InlineData("user_0a_account__session_3f2504e0-4f89-41d3-9a0c-0305e82c3301", "3f2504e0-4f89-41d3-9a0c-0305e82c3301")]
    [InlineData("user_0a_account_1_session_not-a-uuid", "user_0a_account_1_session_not-a-uuid")]
    [InlineData("my_session_1", "my_session_1")]
    [InlineData("{\"session_id\":7}", "{\"session_id\":7}")]
    [InlineData("{\"session_id\":\"", "{\"session_id\":\"")]
    [InlineData("{\"session_id", "{\"session_id")]
    [InlineData("{}", "{}")]
    [InlineData("", "")]
    public void Session_is_found_where_there_is_one(string text, string session)
    {
        Assert.Equal(session, Encoding.UTF8.GetString(SessionText.Of(Encoding.UTF8.GetBytes(text))));
    }
}
